//! Files that are opened once and then used by handle: the file that was checked is the file that
//! is used, even if its name leads to another file meanwhile.
use super::{MAX_READ, RootedFiles, failed, link};
use crate::world::{OpenFile, Tried};
use kubephase_wit::{Failure, FileMeta};
use rustix::{
    fd::OwnedFd,
    fs::{self, FileType, Mode, OFlags, ResolveFlags, Stat},
    io::Errno,
};
use std::{fs::File, io::Read, path::Path};

/// Entries of the largest directory that is listed for a plugin.
const MAX_ENTRIES: usize = 100_000;
/// Flags that open a name without following a link.
pub(super) const UNFOLLOWED: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Flags that open a file for reading. A pipe must not block, and a terminal must not become the
/// controlling terminal.
const READING: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
/// The mode bit that lets every user search a directory.
const OTHERS_SEARCH: u32 = 0o001;
/// The mode bit that lets every user read a file.
const OTHERS_READ: u32 = 0o004;

/// Device and inode number, which identify a file on the machine.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(stat: &Stat) -> Identity {
    (stat.st_dev, stat.st_ino)
}

/// The facts of a file as phases see them.
pub(super) fn meta(stat: &Stat) -> FileMeta {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => "file",
        FileType::Directory => "directory",
        FileType::Symlink => "symlink",
        FileType::Socket => "socket",
        _ => "other",
    };
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    FileMeta {
        size,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        kind: kind.into(),
    }
}

/// Whether a directory with this mode may be searched by every local user.
pub fn is_searchable(mode: u32) -> bool {
    mode & OTHERS_SEARCH != 0
}

/// Whether every local user may read a file or list a directory, if the directories above let the
/// user reach it.
fn is_readable(meta: &FileMeta) -> bool {
    let wanted = if meta.kind == "directory" {
        OTHERS_READ | OTHERS_SEARCH
    } else {
        OTHERS_READ
    };
    meta.mode & wanted == wanted
}

/// Reads a regular file up to a limit. `size` is the length that its metadata has, which may be
/// wrong.
fn read_all(file: File, path: &str, size: u64, limit: u64) -> Tried<Vec<u8>> {
    let too_large = || {
        Failure::new(
            "limit",
            format!("{path} is larger than the {limit} bytes that may be read of it"),
        )
    };
    if size > limit {
        return Err(too_large());
    }
    // Files below /proc have no size, and a file may grow while it is read.
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| failed("read", path, error))?;
    if content.len() as u64 > limit {
        Err(too_large())
    } else {
        Ok(content)
    }
}

/// The names in a directory, sorted.
pub(super) fn names(directory: &OwnedFd, path: &str, limit: usize) -> Tried<Vec<String>> {
    let mut names = Vec::new();
    let failed = |errno: Errno| failed("list", path, errno.into());
    for entry in fs::Dir::read_from(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy();
        if name != "." && name != ".." {
            names.push(name.into_owned());
        }
        if names.len() > limit {
            return Err(Failure::new(
                "limit",
                format!("{path} has more than {limit} entries"),
            ));
        }
    }
    names.sort();
    Ok(names)
}

/// A file or directory of a tree, held by a handle (`O_PATH`) that does not open it for reading.
/// Holding a device has no effect on the device.
pub struct FileHandle {
    handle: OwnedFd,
    /// the path as the caller spelled it, for messages
    path: String,
    /// the path without links
    real: String,
    identity: Identity,
    meta: FileMeta,
    /// whether every local user may read it
    public: bool,
}

impl FileHandle {
    /// Wraps a handle. `searchable` says whether every local user may search the directories above.
    pub(super) fn new(
        handle: OwnedFd,
        path: &str,
        real: &str,
        searchable: bool,
    ) -> Tried<FileHandle> {
        let stat = fs::fstat(&handle).map_err(|errno| failed("open", path, errno.into()))?;
        let meta = meta(&stat);
        let public = searchable && is_readable(&meta);
        Ok(FileHandle {
            handle,
            path: path.to_owned(),
            real: real.to_owned(),
            identity: identity(&stat),
            meta,
            public,
        })
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// The refusal to show the file to a plugin.
    pub(super) fn hidden(&self) -> Failure {
        let FileHandle { path, real, .. } = self;
        let file = if path == real {
            path.clone()
        } else {
            format!("{path} leads to {real}, which")
        };
        Failure::new("denied", format!("{file} is never shown to a plugin"))
    }

    /// Whether the file is of a file system of this type.
    pub(super) fn is_of_file_system(&self, magic: fs::FsWord) -> Tried<bool> {
        let system = fs::fstatfs(&self.handle)
            .map_err(|errno| failed("look at", &self.path, errno.into()))?;
        Ok(system.f_type == magic)
    }

    /// Opens the held file for use, by its handle and not by its name.
    fn reopened(&self, what: &str, flags: OFlags) -> Tried<OwnedFd> {
        fs::open(link(&self.handle), READING | flags, Mode::empty())
            .map_err(|errno| failed(what, &self.path, errno.into()))
    }
}

impl FileHandle {
    /// Opens the held file for reading, if it is a regular file.
    fn regular(&self) -> Tried<File> {
        if self.meta.kind != "file" {
            let what = if self.meta.kind == "other" {
                "device or pipe"
            } else {
                &self.meta.kind
            };
            return Err(Failure::new(
                "invalid",
                format!(
                    "cannot read {}: it is a {what} and not a regular file",
                    self.path
                ),
            ));
        }
        self.reopened("read", OFlags::empty()).map(File::from)
    }
}

impl OpenFile for FileHandle {
    fn real_path(&self) -> String {
        self.real.clone()
    }

    fn meta(&self) -> FileMeta {
        self.meta.clone()
    }

    fn is_public(&self) -> bool {
        self.public
    }

    fn read(&self, limit: u64) -> Tried<Vec<u8>> {
        let file = self.regular()?;
        // The size may have changed since the file was opened.
        let size = file.metadata().map_or(0, |meta| meta.len());
        read_all(file, &self.path, size, limit)
    }

    fn reader(&self) -> Tried<Box<dyn Read>> {
        Ok(Box::new(self.regular()?))
    }

    fn list(&self) -> Tried<Vec<String>> {
        names(
            &self.reopened("list", OFlags::DIRECTORY)?,
            &self.path,
            MAX_ENTRIES,
        )
    }
}

impl RootedFiles {
    /// Opens the file at a path. Follows links, except the kernel's magic links below /proc.
    pub(super) fn open_handle(&self, path: &str) -> Tried<FileHandle> {
        let handle = self
            .at_with(path, OFlags::PATH, ResolveFlags::NO_MAGICLINKS)
            .map_err(|errno| match errno {
                Errno::LOOP => Failure::new(
                    "denied",
                    format!(
                        "cannot open {path}: it leads through a link of \
                    /proc, or through too many links"
                    ),
                ),
                Errno::NOTDIR => failed("open", path, Errno::NOENT.into()),
                errno => failed("open", path, errno.into()),
            })?;
        let real = self.real_path_of(&handle, path)?;
        let (found, searchable) = self
            .descend(&real)
            .map_err(|errno| failed("open", path, errno.into()))?;
        let opened = FileHandle::new(handle, path, &real, searchable)?;
        let found = fs::fstat(&found).map_err(|errno| failed("open", path, errno.into()))?;
        if identity(&found) != opened.identity() {
            return Err(Failure {
                retryable: true,
                ..Failure::new(
                    "io",
                    format!("{path} was moved while it was opened; try again"),
                )
            });
        }
        Ok(opened)
    }

    /// Returns the path of a handle in this tree, without links.
    pub(super) fn real_path_of(&self, handle: &OwnedFd, path: &str) -> Tried<String> {
        let real = fs::readlinkat(fs::CWD, link(handle), Vec::new())
            .map_err(|errno| failed("read", path, errno.into()))?;
        let real = String::from_utf8(real.into_bytes()).map_err(|_| {
            Failure::new(
                "invalid",
                format!("{path} leads to a file whose name is not UTF-8"),
            )
        })?;
        let root = self
            .path
            .canonicalize()
            .map_err(|error| failed("read", path, error))?;
        let below = Path::new(&real)
            .strip_prefix(&root)
            .map_err(|_| Failure::new("denied", format!("{path} leads out of the tree")))?;
        Ok(format!("/{}", below.display()))
    }

    /// Goes down a path without links. Returns the file at its end, and whether every local user
    /// may search all directories above it. The mode of a scratch root does not count, because the
    /// scratch root stands for `/`.
    fn descend(&self, real: &str) -> rustix::io::Result<(OwnedFd, bool)> {
        let mut here = self.at(".", OFlags::PATH | OFlags::DIRECTORY)?;
        let mut searchable = self.is_scratch() || is_searchable(fs::fstat(&here)?.st_mode);
        let parts: Vec<&str> = real.split('/').filter(|part| !part.is_empty()).collect();
        for (at, part) in parts.iter().enumerate() {
            here = fs::openat(&here, *part, UNFOLLOWED, Mode::empty())?;
            if at + 1 < parts.len() {
                searchable &= is_searchable(fs::fstat(&here)?.st_mode);
            }
        }
        Ok((here, searchable))
    }

    /// Reads a regular file for the host itself. Follows every link.
    pub(super) fn read_whole(&self, path: &str) -> Tried<Vec<u8>> {
        let handle = self
            .at(path, OFlags::PATH)
            .map_err(|errno| failed("read", path, errno.into()))?;
        FileHandle::new(handle, path, path, false)?.read(MAX_READ)
    }
}

#[cfg(test)]
mod tests;
