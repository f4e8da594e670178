//! Making and removing entries of directories.
use super::{
    RootedFiles,
    failure::{failure_to, io_failure},
    ownership::set_mode_and_owner,
};
use crate::world::WorldResult;
use kubephase_wit::{Failure, FailureCode};
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, Mode, OFlags},
    io::Errno,
};
use std::io;

/// Mode of missing parent directories that are made for a file (kubeadm's).
pub(super) const PARENT_MODE: u32 = 0o755;

impl RootedFiles {
    /// Opens the directory of a path, and makes it with its parents if it is missing. Returns it
    /// and the last name of the path.
    pub(super) fn make_parent(&self, path: &str) -> WorldResult<(OwnedFd, String)> {
        let (directory, name) = split_path(path);
        if name.is_empty() || name == "." || name == ".." {
            return Err(Failure::new(
                FailureCode::Invalid,
                format!("{path:?} is not the path of a file"),
            ));
        }
        let made = self.make_directory_path(directory, PARENT_MODE)?;
        Ok((made, name.to_owned()))
    }

    /// Removes an entry. Does nothing if it does not exist.
    pub(super) fn unlink(&self, path: &str, flags: AtFlags) -> WorldResult<()> {
        let (parent_path, name) = split_path(path);
        match self.open_parent_for_removal(path, parent_path)? {
            Some(parent) => self
                .unlink_in(&parent, name, flags)
                .map_err(failure_to("remove", path)),
            None => Ok(()),
        }
    }

    /// Removes an entry of a directory. Does nothing if it does not exist.
    pub(super) fn unlink_in(
        &self,
        directory: &OwnedFd,
        name: &str,
        flags: AtFlags,
    ) -> io::Result<()> {
        match fs::unlinkat(directory, name, flags) {
            Ok(()) => self.sync(directory),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes a directory and its parents, one after the other, so that each gets its own mode
    /// whatever the umask is.
    pub(super) fn make_directory_path(&self, path: &str, mode: u32) -> WorldResult<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.open_at(path, flags) {
            Ok(found) => return Ok(found),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(io_failure("make the directory", path, errno)),
        }
        let (above, name) = split_path(path.trim_end_matches('/'));
        let parent = self.make_directory_path(above, PARENT_MODE)?;
        match self.make_directory_in(&parent, name, mode) {
            Ok(made) => Ok(made),
            // A link or a mount may lead to a directory that another process has just made.
            Err(Errno::NOTDIR) => self
                .open_at(path, flags)
                .map_err(failure_to("make the directory", path)),
            Err(errno) => Err(io_failure("make the directory", path, errno)),
        }
    }

    /// Makes a directory in a directory. An existing directory keeps its mode.
    pub(super) fn make_directory_in(
        &self,
        parent: &OwnedFd,
        name: &str,
        mode: u32,
    ) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match fs::mkdirat(parent, name, Mode::from_raw_mode(mode)) {
            Ok(()) => {
                let made = fs::openat(parent, name, flags, Mode::empty())?;
                set_mode_and_owner(&made, mode, None)
                    .and_then(|()| self.sync(&made))
                    .and_then(|()| self.sync(parent))
                    .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
                Ok(made)
            }
            Err(Errno::EXIST) => fs::openat(parent, name, flags, Mode::empty()),
            Err(errno) => Err(errno),
        }
    }
}

/// Splits a path into its directory and its last name.
pub(super) fn split_path(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
