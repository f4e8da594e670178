//! Opening the file at a path of a tree.
use super::{FileHandle, UNFOLLOWED, file_identity, is_searchable_by_all};
use crate::world::{
    OpenFile, WorldResult,
    files::{
        MAX_READ, RootedFiles,
        failure::{failure_to, io_failure},
        rooted::proc_path,
    },
};
use kubephase_wit::{Failure, FailureCode};
use rustix::{
    fd::OwnedFd,
    fs::{self, Mode, OFlags, ResolveFlags},
    io::Errno,
};
use std::path::Path;

impl RootedFiles {
    /// Opens the file at a path. Follows links, except the kernel's magic links below /proc.
    ///
    /// # Errors
    /// `denied` for a magic link, or if the path leads out of the tree; `not-found` if the file
    /// does not exist; `invalid` if its real path is not UTF-8; `io` (retryable) if it was moved
    /// meanwhile.
    pub(in crate::world::files) fn open_handle(&self, path: &str) -> WorldResult<FileHandle> {
        let handle = self
            .open_at_with(path, OFlags::PATH, ResolveFlags::NO_MAGICLINKS)
            .map_err(|errno| open_failure(path, errno))?;
        let real = self.real_path_of(&handle, path)?;
        // `found` is the file at the real path now: the same file, unless it was moved meanwhile.
        let (found, searchable) = self.descend(&real).map_err(failure_to("open", path))?;
        let opened = FileHandle::new(handle, path, &real, searchable)?;
        let found = fs::fstat(&found).map_err(failure_to("open", path))?;
        if file_identity(&found) != opened.identity() {
            return Err(Failure {
                retryable: true,
                ..Failure::new(
                    FailureCode::Io,
                    format!("{path} was moved while it was opened; try again"),
                )
            });
        }
        Ok(opened)
    }

    /// Returns the real path of a handle in this tree. `path` names the file in failures.
    ///
    /// # Errors
    /// `denied` if the file is not in the tree, `invalid` if its real path is not UTF-8.
    pub(in crate::world::files) fn real_path_of(
        &self,
        handle: &OwnedFd,
        path: &str,
    ) -> WorldResult<String> {
        let real = fs::readlinkat(fs::CWD, proc_path(handle), Vec::new())
            .map_err(failure_to("read", path))?;
        let real = String::from_utf8(real.into_bytes()).map_err(|_| {
            Failure::new(
                FailureCode::Invalid,
                format!("{path} leads to a file whose name is not UTF-8"),
            )
        })?;
        let root = self.path.canonicalize().map_err(failure_to("read", path))?;
        let below = Path::new(&real).strip_prefix(&root).map_err(|_| {
            Failure::new(FailureCode::Denied, format!("{path} leads out of the tree"))
        })?;
        Ok(format!("/{}", below.display()))
    }

    /// Whether every local user may search the root. `mode` is the mode of the root. It does not
    /// count for a scratch root, which stands for `/`.
    pub(in crate::world::files) fn is_root_searchable(&self, mode: u32) -> bool {
        self.is_scratch() || is_searchable_by_all(mode)
    }

    /// Goes down a path without links. Returns the file at its end, and whether every local user
    /// may search all directories above it.
    fn descend(&self, real: &str) -> rustix::io::Result<(OwnedFd, bool)> {
        let mut here = self.open_at(".", OFlags::PATH | OFlags::DIRECTORY)?;
        let mut searchable = self.is_root_searchable(fs::fstat(&here)?.st_mode);
        let parts: Vec<&str> = real.split('/').filter(|part| !part.is_empty()).collect();
        for (at, part) in parts.iter().enumerate() {
            here = fs::openat(&here, *part, UNFOLLOWED, Mode::empty())?;
            if at + 1 < parts.len() {
                searchable &= is_searchable_by_all(fs::fstat(&here)?.st_mode);
            }
        }
        Ok((here, searchable))
    }

    /// Reads a regular file for the host itself, not for a plugin. Follows every link.
    pub(in crate::world::files) fn read_whole(&self, path: &str) -> WorldResult<Vec<u8>> {
        let handle = self
            .open_at(path, OFlags::PATH)
            .map_err(failure_to("read", path))?;
        // Only the content is used: the real path and the access rights do not matter.
        FileHandle::new(handle, path, path, false)?.read(MAX_READ)
    }
}

fn open_failure(path: &str, errno: Errno) -> Failure {
    match errno {
        Errno::LOOP => Failure::new(
            FailureCode::Denied,
            format!(
                "cannot open {path}: it leads through a link of /proc, or through too many links"
            ),
        ),
        Errno::NOTDIR => io_failure("open", path, Errno::NOENT),
        errno => io_failure("open", path, errno),
    }
}
