//! The files of a machine, below a root, read with a limit. A file that cannot be read, or is
//! larger, has no facts: facts of a part of it could be wrong.
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

/// Bytes of the largest file that is read.
pub const MAX_BYTES: u64 = 4 << 20;
/// Greatest number of names that are taken from a directory.
pub const MAX_NAMES: usize = 20_000;

/// The files below a root.
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    pub fn new(root: &Path) -> Tree {
        Tree {
            root: root.to_owned(),
        }
    }

    /// Returns the place of an absolute path below the root.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Returns the text of a file.
    pub fn read(&self, path: &str) -> Option<String> {
        let bytes = self.read_bytes(path, MAX_BYTES + 1)?;
        (bytes.len() as u64 <= MAX_BYTES).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the beginning of a text file, of whole lines.
    pub fn read_beginning(&self, path: &str, bytes: u64) -> Option<String> {
        let read = self.read_bytes(path, bytes)?;
        let text = String::from_utf8_lossy(&read).into_owned();
        if (read.len() as u64) < bytes {
            return Some(text);
        }
        let end = text.rfind('\n').map_or(0, |end| end + 1);
        Some(text[..end].to_owned())
    }

    fn read_bytes(&self, path: &str, limit: u64) -> Option<Vec<u8>> {
        let place = self.place(path);
        // A pipe would be waited for.
        if !fs::metadata(&place).is_ok_and(|meta| meta.is_file()) {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(place)
            .ok()?
            .take(limit)
            .read_to_end(&mut bytes)
            .ok()?;
        Some(bytes)
    }

    /// Returns the text of a file of one line, without blanks at its ends; `None` if it is empty.
    pub fn line(&self, path: &str) -> Option<String> {
        let text = self.read(path)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Returns the number in a file.
    pub fn number<N: std::str::FromStr>(&self, path: &str) -> Option<N> {
        self.line(path)?.parse().ok()
    }

    /// Returns the names in a directory, in order.
    pub fn names(&self, path: &str) -> Option<Vec<String>> {
        let entries = fs::read_dir(self.place(path)).ok()?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.take(MAX_NAMES + 1).collect();
        names.sort();
        (names.len() <= MAX_NAMES).then_some(names)
    }

    pub fn exists(&self, path: &str) -> bool {
        self.place(path).exists()
    }
}
