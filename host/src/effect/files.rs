//! Files and directories: unchanged where content, mode and owner are as wanted.
mod kinds;

pub use kinds::*;

use super::Applied;
use crate::world::{Files, Tried};
use kubephase_wit::{Failure, FailureCode, FileMeta};
use serde::{Deserialize, Serialize};

/// Mode bits by which users may read, write and execute.
const PERMISSIONS: u32 = 0o777;
/// The mode bit that keeps users from removing the files of others in a directory.
const STICKY: u32 = 0o1000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Directory {
    pub path: String,
    /// of a directory that has to be made; one that is there keeps its own (kubeadm behaviour)
    pub mode: u32,
}

impl Directory {
    pub fn ensure(&self, files: &dyn Files) -> Tried<Applied> {
        if files
            .stat(&self.path)?
            .is_some_and(|meta| meta.kind == "directory")
        {
            return Ok(Applied::Unchanged);
        }
        files
            .make_dir(&self.path, self.mode)
            .map(|()| Applied::Changed)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    pub path: String,
    pub content: Vec<u8>,
    pub mode: u32,
    pub owner: Option<(u32, u32)>,
}

impl File {
    pub fn ensure(&self, files: &dyn Files) -> Tried<Applied> {
        if let Some(meta) = files.stat(&self.path)?.filter(|meta| meta.kind == "file")
            && files.read(&self.path)? == self.content
        {
            if meta.mode == self.mode
                && self.owner.is_none_or(|owner| owner == (meta.uid, meta.gid))
            {
                return Ok(Applied::Unchanged);
            }
            return files
                .set_mode(&self.path, self.mode, self.owner)
                .map(|()| Applied::Changed);
        }
        files
            .write(&self.path, &self.content, self.mode, self.owner)
            .map(|()| Applied::Changed)
    }
}

/// Mode and owner of a file that is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    pub path: String,
    pub mode: u32,
    pub owner: Option<(u32, u32)>,
}

impl Mode {
    /// Sets the mode and the owner. `may_widen` says whether more users may get to use the file.
    ///
    /// # Errors
    /// `not-found`; `denied` where more users would get to use it and may not.
    pub fn ensure(&self, files: &dyn Files, may_widen: bool) -> Tried<Applied> {
        let missing = || {
            Failure::new(
                FailureCode::NotFound,
                format!("{} does not exist", self.path),
            )
        };
        let meta = files.stat(&self.path)?.ok_or_else(missing)?;
        if meta.mode == self.mode && self.owner.is_none_or(|owner| owner == (meta.uid, meta.gid)) {
            return Ok(Applied::Unchanged);
        }
        if !may_widen && self.widens(&meta) {
            return Err(Failure::new(
                FailureCode::Denied,
                format!(
                    "{} was not made by this plugin in this run, so the plugin lets no further \
                     users use it: mode {:04o} stays, and so does the owner",
                    self.path, meta.mode
                ),
            ));
        }
        files
            .set_mode(&self.path, self.mode, self.owner)
            .map(|()| Applied::Changed)
    }

    /// Whether users get to use the file that could not before.
    fn widens(&self, meta: &FileMeta) -> bool {
        let gained = self.mode & !meta.mode & PERMISSIONS;
        // Without the sticky bit every user of a directory may remove the files of others.
        let lost = meta.mode & !self.mode & STICKY;
        gained | lost != 0
            || self
                .owner
                .is_some_and(|owner| owner != (meta.uid, meta.gid))
    }
}

/// The owner of a directory and of all that is below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    pub path: String,
    pub owner: (u32, u32),
}

impl Owner {
    pub fn ensure(&self, files: &dyn Files) -> Tried<bool> {
        files.chown_recursive(&self.path, self.owner)
    }
}

/// Removes a file or a link, if it is there.
///
/// # Errors
/// `denied` where it is a device, a pipe or a socket, which no run made.
pub fn remove(path: &str, files: &dyn Files) -> Tried<Applied> {
    let Some(meta) = files.stat(path)? else {
        return Ok(Applied::Unchanged);
    };
    if matches!(meta.kind.as_str(), "socket" | "other") {
        return Err(Failure::new(
            FailureCode::Denied,
            format!("{path} is not removed: it is not a regular file"),
        ));
    }
    files.remove(path).map(|()| Applied::Changed)
}
