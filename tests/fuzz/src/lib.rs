//! A file in memory, for targets whose reader takes a path.
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A temporary folder for files that the host reads, in memory if the machine has `/dev/shm`.
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes the folder.
    ///
    /// # Panics
    /// If no folder can be made.
    #[must_use]
    pub fn new() -> Scratch {
        let shared_memory = Path::new("/dev/shm");
        let parent = if shared_memory.is_dir() {
            shared_memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        Scratch(tempfile::tempdir_in(parent).expect("a scratch folder can be made"))
    }

    /// Returns the path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file in the folder. Returns its path.
    ///
    /// # Panics
    /// If the file cannot be written.
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
