//! Owners of files and of whole directories.
use super::{RootedFiles, failure::failure_to, handle::UNFOLLOWED, rooted::proc_path};
use crate::world::WorldResult;
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Stat, Uid},
    io::{Errno, Result},
};
use std::{
    ffi::CStr,
    io,
    os::{fd::AsRawFd, unix::fs::PermissionsExt},
};

/// Whether this process may change the owner of files: only root may. A rehearsal without root
/// rights keeps its own user as the owner.
pub(super) fn can_chown() -> bool {
    rustix::process::geteuid().is_root()
}

/// Sets the mode of an open file, and its owner if this process may. Accepts handles that were
/// opened with `O_PATH`.
pub(super) fn set_mode_and_owner(
    file: &impl AsRawFd,
    mode: u32,
    owner: Option<(u32, u32)>,
) -> io::Result<()> {
    let path = proc_path(file);
    // The owner comes first, because a change of the owner clears set-user-ID and set-group-ID.
    if let Some((uid, gid)) = owner.filter(|_| can_chown()) {
        fs::chownat(
            CWD,
            &path,
            Some(Uid::from_raw(uid)),
            Some(Gid::from_raw(gid)),
            AtFlags::empty(),
        )?;
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))
}

/// A user id and a group id.
type OwnerIds = (u32, u32);

/// A walk through a directory and everything below it that changes or compares owners.
struct OwnerWalk<'a> {
    files: &'a RootedFiles,
    owner: OwnerIds,
    /// Whether other owners are replaced, and not only found.
    changes: bool,
}

impl RootedFiles {
    /// Gives a directory and everything below it to an owner. Returns whether anything changed.
    pub(super) fn change_owner_recursively(
        &self,
        path: &str,
        owner: OwnerIds,
    ) -> WorldResult<bool> {
        self.walk_owners(path, owner, true)
    }

    /// Whether a directory or anything below it belongs to another owner. Changes nothing.
    ///
    /// # Errors
    /// A file cannot be looked at.
    pub fn has_other_owner(&self, path: &str, owner: OwnerIds) -> WorldResult<bool> {
        self.walk_owners(path, owner, false)
    }

    fn walk_owners(&self, path: &str, owner: OwnerIds, changes: bool) -> WorldResult<bool> {
        let walk = OwnerWalk {
            files: self,
            owner,
            changes,
        };
        walk.visit_tree(path)
            .map_err(failure_to("change the owner of", path))
    }
}

impl OwnerWalk<'_> {
    /// Visits a directory and everything below it. Returns whether anything had another owner.
    fn visit_tree(&self, path: &str) -> Result<bool> {
        let directory = self
            .files
            .open_at(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let before = fs::fstat(&directory)?;
        // The path below /proc leads to the open directory, wherever its name leads by now.
        let changed = self.ensure_owner(&before, || {
            fs::chownat(
                CWD,
                proc_path(&directory),
                self.uid(),
                self.gid(),
                AtFlags::empty(),
            )?;
            self.sync(&directory)
        })?;
        Ok(self.visit_entries(&directory)? || changed)
    }

    fn uid(&self) -> Option<Uid> {
        Some(Uid::from_raw(self.owner.0))
    }

    fn gid(&self) -> Option<Gid> {
        Some(Gid::from_raw(self.owner.1))
    }

    /// Runs `change` if a file has another owner and owners are to be changed. Returns whether it
    /// had another owner.
    fn ensure_owner(&self, stat: &Stat, change: impl FnOnce() -> Result<()>) -> Result<bool> {
        let differs = (stat.st_uid, stat.st_gid) != self.owner;
        if differs && self.changes {
            change()?;
        }
        Ok(differs)
    }

    /// Writes a new owner to the disk, if the tree has to outlive a power cut.
    fn sync(&self, handle: &OwnedFd) -> Result<()> {
        self.files
            .sync(handle)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }

    fn visit_entries(&self, directory: &OwnedFd) -> Result<bool> {
        let mut changed = false;
        for entry in Dir::read_from(directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") {
                match self.visit_entry(directory, name) {
                    Ok(differed) => changed |= differed,
                    // It was removed since it was listed.
                    Err(Errno::NOENT) => {}
                    Err(errno) => return Err(errno),
                }
            }
        }
        Ok(changed)
    }

    fn visit_entry(&self, parent: &OwnedFd, name: &CStr) -> Result<bool> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let stat = fs::statat(parent, name, flags)?;
        let changed = self.ensure_owner(&stat, || {
            fs::chownat(parent, name, self.uid(), self.gid(), flags)?;
            self.sync(&fs::openat(parent, name, UNFOLLOWED, Mode::empty())?)
        })?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Ok(changed);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(self.visit_entries(&fs::openat(parent, name, flags, Mode::empty())?)? || changed)
    }
}

#[cfg(test)]
mod tests;
