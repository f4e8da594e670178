//! Files that are opened once and then used by handle: the file that was checked is the file that
//! is used, even if its name leads to another file meanwhile.
//!
//! `metadata` reads the type, identity and access rights of a file, `reading` reads files and
//! directories, `opening` finds files in a tree.
mod metadata;
mod opening;
mod reading;

pub use metadata::is_searchable_by_all;
pub(super) use metadata::{FileIdentity, file_identity, file_meta, type_name};
pub(super) use reading::entry_names;

use super::{failure::failure_to, rooted::proc_path};
use crate::world::{OpenFile, WorldResult};
use kubephase_wit::{Failure, FailureCode, FileMeta};
use metadata::is_readable_by_all;
use reading::{MAX_ENTRIES, READING, read_all};
use rustix::{
    fd::OwnedFd,
    fs::{self, Mode, OFlags},
};
use std::{fs::File, io::Read};

/// Flags that open a name without following a link.
pub(super) const UNFOLLOWED: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A file or directory of a tree, held open with `O_PATH`: it can be identified but not read
/// through this handle, and holding a device does not start it.
pub struct FileHandle {
    handle: OwnedFd,
    /// The path as the caller spelled it, for messages.
    path: String,
    /// The path without links.
    real: String,
    identity: FileIdentity,
    meta: FileMeta,
    /// Whether every local user may read it.
    public: bool,
}

impl FileHandle {
    /// Wraps a handle. `searchable` says whether every local user may search the directories above.
    pub(super) fn new(
        handle: OwnedFd,
        path: &str,
        real: &str,
        searchable: bool,
    ) -> WorldResult<FileHandle> {
        let stat = fs::fstat(&handle).map_err(failure_to("open", path))?;
        let meta = file_meta(&stat);
        let public = searchable && is_readable_by_all(&meta);
        Ok(FileHandle {
            handle,
            path: path.to_owned(),
            real: real.to_owned(),
            identity: file_identity(&stat),
            meta,
            public,
        })
    }

    /// Returns what identifies the file on the machine.
    pub(super) fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// Returns the failure for a plugin that asks for a file which plugins may not read.
    pub(super) fn hidden_failure(&self) -> Failure {
        let FileHandle { path, real, .. } = self;
        let file = if path == real {
            path.clone()
        } else {
            format!("{path} leads to {real}, which")
        };
        Failure::new(
            FailureCode::Denied,
            format!("{file} is never shown to a plugin"),
        )
    }

    /// Whether the file is on a file system of this type.
    pub(super) fn is_on_file_system(&self, magic: fs::FsWord) -> WorldResult<bool> {
        let system = fs::fstatfs(&self.handle).map_err(failure_to("look at", &self.path))?;
        Ok(system.f_type == magic)
    }

    /// Opens the held file for use, by its handle and not by its name.
    fn reopen(&self, action: &str, flags: OFlags) -> WorldResult<OwnedFd> {
        fs::open(proc_path(&self.handle), READING | flags, Mode::empty())
            .map_err(failure_to(action, &self.path))
    }

    /// Opens the held file for reading, if it is a regular file.
    fn open_regular(&self) -> WorldResult<File> {
        if self.meta.kind != "file" {
            let stat = fs::fstat(&self.handle).map_err(failure_to("look at", &self.path))?;
            let kind = type_name(&stat);
            return Err(Failure::new(
                FailureCode::Invalid,
                format!(
                    "cannot read {}: it is a {kind} and not a regular file",
                    self.path
                ),
            ));
        }
        self.reopen("read", OFlags::empty()).map(File::from)
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

    fn read(&self, limit: u64) -> WorldResult<Vec<u8>> {
        let file = self.open_regular()?;
        // The size may have changed since the file was opened.
        let size = file.metadata().map_or(0, |meta| meta.len());
        read_all(file, &self.path, size, limit)
    }

    fn reader(&self) -> WorldResult<Box<dyn Read>> {
        Ok(Box::new(self.open_regular()?))
    }

    fn list(&self) -> WorldResult<Vec<String>> {
        entry_names(
            &self.reopen("list", OFlags::DIRECTORY)?,
            &self.path,
            MAX_ENTRIES,
        )
    }
}

#[cfg(test)]
mod tests;
