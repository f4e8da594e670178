//! What the targets share: a file in memory for readers that take a path.
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A folder, in memory where the machine has such a place, for what a target writes and the host
/// reads.
pub struct Scratch(TempDir);

impl Scratch {
    /// # Panics
    /// Where no folder can be made.
    #[must_use]
    pub fn new() -> Scratch {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Scratch(tempfile::tempdir_in(place).expect("a scratch folder can be made"))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file of the folder; its path.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).expect("the scratch folder can be written");
        path
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch::new()
    }
}
