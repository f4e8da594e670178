//! The private directory: it holds the program's own files, which only this user reads and writes.
//! It is opened once, and its files are opened by name relative to its handle, so that no link
//! leads to a file elsewhere.
//!
//! `opening` finds and makes the directory.
mod opening;

use super::{atomic_write::unfinished_name, handle::entry_names};
use crate::world::WorldResult;
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags},
    io::Errno,
    process::geteuid,
};
use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Mode of the files in a private directory.
const FILE_MODE: u32 = 0o600;
/// Mode bits that let users other than the owner write.
const OTHERS_WRITE: u32 = 0o022;
/// Flags that every file is opened with.
const PLAIN: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// An open directory of the program's own.
#[derive(Debug)]
pub struct PrivateDirectory {
    handle: OwnedFd,
    /// Its path on this machine, for messages.
    path: PathBuf,
}

/// Whether a file with this owner and mode can only have been written by this user or root.
pub fn is_trusted(uid: u32, mode: u32) -> bool {
    (uid == 0 || uid == geteuid().as_raw()) && mode & OTHERS_WRITE == 0
}

impl PrivateDirectory {
    /// Returns its path on this machine.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lists the names of its files.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn names(&self) -> WorldResult<Vec<String>> {
        entry_names(&self.handle, &self.path.display().to_string(), usize::MAX)
    }

    /// Opens one of its files for reading.
    ///
    /// # Errors
    /// The file does not exist, is a link, or belongs to another user.
    pub fn open(&self, name: &str) -> io::Result<File> {
        self.open_with(name, OFlags::RDONLY)
    }

    /// Opens one of its files for reading and writing. Makes the file if it is missing.
    ///
    /// # Errors
    /// The file is a link, or belongs to another user.
    pub fn open_or_create(&self, name: &str) -> io::Result<File> {
        self.open_with(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Makes a file that is only appended to.
    ///
    /// # Errors
    /// `AlreadyExists` if the name exists.
    pub fn create_log(&self, name: &str) -> io::Result<File> {
        self.open_with(
            name,
            OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL,
        )
    }

    /// Replaces a file by a new one with this content, and leaves it open to be appended to.
    ///
    /// # Errors
    /// The file cannot be written; the previous file is still there.
    pub fn replace(&self, name: &str, content: &[u8]) -> io::Result<File> {
        self.replace_by_parts(name, [content])
    }

    /// Replaces a file by a new one with the content of these parts, one after the other, and
    /// leaves it open to be appended to.
    ///
    /// # Errors
    /// The file cannot be written; the previous file is still there.
    pub fn replace_by_parts(
        &self,
        name: &str,
        parts: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> io::Result<File> {
        let unfinished = unfinished_name(name);
        // A run that was killed may have left an unfinished file. If the name is a link, the link
        // is removed.
        let _ = fs::unlinkat(&self.handle, &unfinished, AtFlags::empty());
        let mut file = self.create_log(&unfinished)?;
        for part in parts {
            file.write_all(part.as_ref())?;
        }
        fs::renameat(&self.handle, &unfinished, &self.handle, name)?;
        Ok(file)
    }

    /// Writes the directory's entries to the disk (fsync).
    ///
    /// # Errors
    /// The file system refuses.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.handle)?)
    }

    fn open_with(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let opened = fs::openat(
            &self.handle,
            name,
            flags | PLAIN,
            Mode::from_raw_mode(FILE_MODE),
        );
        let file = opened.map_err(|errno| {
            if errno == Errno::LOOP {
                io::Error::other("it is a symbolic link")
            } else {
                errno.into()
            }
        })?;
        let stat = fs::fstat(&file)?;
        let is_plain =
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 1;
        if !is_plain {
            return Err(io::Error::other(
                "it is not a regular file with a single name",
            ));
        }
        if !is_trusted(stat.st_uid, stat.st_mode) {
            return Err(io::Error::other("other users own it or may write to it"));
        }
        Ok(File::from(file))
    }
}

#[cfg(test)]
mod tests;
