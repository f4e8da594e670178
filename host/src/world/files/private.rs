//! The private directory: it holds the program's own files, which only this user reads and writes.
//! It is opened once, and its files are opened by name relative to its handle, so that no link
//! leads to a file elsewhere.
use super::{
    PARENT_MODE, RootedFiles, failed,
    handle::{UNFOLLOWED, names},
    link, unfinished_name,
};
use crate::world::Tried;
use kubephase_wit::Failure;
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
    process::geteuid,
};
use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Mode of the directory.
const DIRECTORY_MODE: u32 = 0o700;
/// Mode of its files.
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
    /// its path on this machine, for messages
    path: PathBuf,
}

/// Whether a file with this owner and mode can only have been written by this user or root.
pub fn is_trusted(uid: u32, mode: u32) -> bool {
    (uid == 0 || uid == geteuid().as_raw()) && mode & OTHERS_WRITE == 0
}

impl RootedFiles {
    /// Opens a private directory. Makes it with mode 0700 if it is missing, and missing parents
    /// with mode 0755.
    ///
    /// # Errors
    /// `denied` if a part of the path is a link, or if other users may write to the directory. On
    /// the machine itself (without a scratch root) links in the parents are followed, because only
    /// root could have made them.
    pub fn make_private(&self, path: &str) -> Tried<PrivateDirectory> {
        let made = self.private(path, true)?;
        made.ok_or_else(|| failed("open", path, Errno::NOENT.into()))
    }

    /// Opens a private directory; none if it does not exist.
    ///
    /// # Errors
    /// Like [`RootedFiles::make_private`].
    pub fn open_private(&self, path: &str) -> Tried<Option<PrivateDirectory>> {
        self.private(path, false)
    }

    fn private(&self, path: &str, make: bool) -> Tried<Option<PrivateDirectory>> {
        let shown = self.root().join(path.trim_start_matches('/'));
        let trouble = |error: io::Error| failed("use", &shown.display().to_string(), error);
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let above = if self.is_scratch() {
            self.unlinked(parents, make)?
        } else {
            self.linked(parents, make)?
        };
        let Some(above) = above else { return Ok(None) };
        let Some(named) = self.step(&above, name, make, DIRECTORY_MODE, &shown)? else {
            return Ok(None);
        };
        let stat = fs::fstat(&named).map_err(|errno| trouble(errno.into()))?;
        if !is_trusted(stat.st_uid, stat.st_mode) {
            return Err(untrusted(&shown, &stat));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle =
            fs::open(link(&named), flags, Mode::empty()).map_err(|errno| trouble(errno.into()))?;
        Ok(Some(PrivateDirectory {
            handle,
            path: shown,
        }))
    }

    /// Opens a directory, following links.
    fn linked(&self, path: &str, make: bool) -> Tried<Option<OwnedFd>> {
        if make {
            return self.make_all(path, PARENT_MODE).map(Some);
        }
        match self.at(path, OFlags::PATH | OFlags::DIRECTORY) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(failed("open", path, errno.into())),
        }
    }

    /// Opens a directory whose path has no links.
    fn unlinked(&self, path: &str, make: bool) -> Tried<Option<OwnedFd>> {
        let mut shown = self.root().to_owned();
        let root = self.at(".", OFlags::PATH | OFlags::DIRECTORY);
        let mut here =
            root.map_err(|errno| failed("open", &shown.display().to_string(), errno.into()))?;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            shown.push(part);
            let Some(next) = self.step(&here, part, make, PARENT_MODE, &shown)? else {
                return Ok(None);
            };
            here = next;
        }
        Ok(Some(here))
    }

    /// Opens a directory within a directory. It may not be a link.
    fn step(
        &self,
        here: &OwnedFd,
        name: &str,
        make: bool,
        mode: u32,
        shown: &Path,
    ) -> Tried<Option<OwnedFd>> {
        let opened = if make {
            self.make_below(here, name, mode)
        } else {
            fs::openat(here, name, UNFOLLOWED | OFlags::DIRECTORY, Mode::empty())
        };
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(Errno::NOENT) if !make => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(not_a_directory(here, name, shown)),
            Err(errno) => Err(failed("use", &shown.display().to_string(), errno.into())),
        }
    }
}

fn not_a_directory(here: &OwnedFd, name: &str, shown: &Path) -> Failure {
    let is_link = fs::statat(here, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink);
    let what = if is_link {
        "a symbolic link, which could lead out of the tree"
    } else {
        "not a directory"
    };
    let remedy = Some(format!(
        "remove {}, or use another scratch root",
        shown.display()
    ));
    Failure {
        remedy,
        ..Failure::new(
            "denied",
            format!("cannot use {}: it is {what}", shown.display()),
        )
    }
}

fn untrusted(shown: &Path, stat: &Stat) -> Failure {
    let (path, mode) = (shown.display(), stat.st_mode & 0o7777);
    if stat.st_mode & OTHERS_WRITE != 0 {
        let remedy = Some(format!("if its files are yours, run: chmod go-w {path}"));
        return Failure {
            remedy,
            ..Failure::new(
                "denied",
                format!("cannot use {path}: other users may write to it (mode {mode:04o})"),
            )
        };
    }
    let remedy = Some(format!(
        "run this as user {}, or use another scratch root",
        stat.st_uid
    ));
    Failure {
        remedy,
        ..Failure::new(
            "denied",
            format!("cannot use {path}: it belongs to user {}", stat.st_uid),
        )
    }
}

impl PrivateDirectory {
    /// The path on this machine.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lists the names of its files.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn names(&self) -> Tried<Vec<String>> {
        names(&self.handle, &self.path.display().to_string(), usize::MAX)
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
        let unfinished = unfinished_name(name);
        // A run that was killed may have left an unfinished file. If the name is a link, the link
        // is removed.
        let _ = fs::unlinkat(&self.handle, &unfinished, AtFlags::empty());
        let mut file = self.create_log(&unfinished)?;
        file.write_all(content)?;
        fs::renameat(&self.handle, &unfinished, &self.handle, name)?;
        Ok(file)
    }

    /// Brings the directory's entries to the disk (fsync).
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
