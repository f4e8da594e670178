//! What changes hands with all that is below it.
use super::{RootedFiles, failed, handle::UNFOLLOWED, link};
use crate::world::Tried;
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Stat, Uid},
    io::{Errno, Result},
};
use std::ffi::CStr;

type Owner = (u32, u32);

/// By whom a directory, and all below it, is to be owned.
struct Owned<'a> {
    files: &'a RootedFiles,
    by: Owner,
    /// whether it is made so, and not only looked at
    changes: bool,
}

impl RootedFiles {
    /// Whether anything in a directory was another's; with `changes` it is `owner`'s then.
    pub fn hand_over(&self, path: &str, owner: Owner, changes: bool) -> Tried<bool> {
        let owned = Owned {
            files: self,
            by: owner,
            changes,
        };
        let all = || {
            let directory = self.at(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
            let before = fs::fstat(&directory)?;
            // By its link under /proc the directory itself, wherever its path leads.
            let changed = owned.ensure(&before, || {
                fs::chownat(
                    CWD,
                    link(&directory),
                    owned.uid(),
                    owned.gid(),
                    AtFlags::empty(),
                )?;
                owned.keep(&directory)
            })?;
            Ok(owned.below(&directory)? || changed)
        };
        all().map_err(|errno: Errno| failed("change the owner of", path, errno.into()))
    }
}

impl Owned<'_> {
    fn uid(&self) -> Option<Uid> {
        Some(Uid::from_raw(self.by.0))
    }

    fn gid(&self) -> Option<Gid> {
        Some(Gid::from_raw(self.by.1))
    }

    fn ensure(&self, of: &Stat, change: impl FnOnce() -> Result<()>) -> Result<bool> {
        let differs = (of.st_uid, of.st_gid) != self.by;
        if differs && self.changes {
            change()?;
        }
        Ok(differs)
    }

    /// Brings a new owner to the disk, where the tree has to outlive a power cut.
    fn keep(&self, handle: &OwnedFd) -> Result<()> {
        self.files
            .sync(handle)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }

    fn below(&self, directory: &OwnedFd) -> Result<bool> {
        let mut changed = false;
        for entry in Dir::read_from(directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") {
                match self.entry(directory, name) {
                    Ok(differed) => changed |= differed,
                    // Gone since it was listed.
                    Err(Errno::NOENT) => {}
                    Err(errno) => return Err(errno),
                }
            }
        }
        Ok(changed)
    }

    fn entry(&self, parent: &OwnedFd, name: &CStr) -> Result<bool> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let stat = fs::statat(parent, name, flags)?;
        let changed = self.ensure(&stat, || {
            fs::chownat(parent, name, self.uid(), self.gid(), flags)?;
            self.keep(&fs::openat(parent, name, UNFOLLOWED, Mode::empty())?)
        })?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Ok(changed);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(self.below(&fs::openat(parent, name, flags, Mode::empty())?)? || changed)
    }
}

#[cfg(test)]
mod tests;
