//! Effects on files and directories. A file that has the wanted content, mode and owner stays as it
//! is.
mod kinds;

pub use kinds::*;

use super::{Applied, Effect};
use crate::world::{Files, WorldResult};
use kubephase_wit::{Failure, FailureCode, FileMeta};
use serde::{Deserialize, Serialize};

impl Effect {
    /// Returns the file that the effect writes, if it writes one with this content.
    pub fn as_file(&self) -> Option<&File> {
        let pod = || self.as_kind().map(|pod: &StaticPod| &pod.file);
        self.as_kind().or_else(pod)
    }

    /// Returns the file that the effect writes, to change it.
    pub fn as_file_mut(&mut self) -> Option<&mut File> {
        if self.as_kind::<StaticPod>().is_some() {
            return self.as_kind_mut().map(|pod: &mut StaticPod| &mut pod.file);
        }
        self.as_kind_mut()
    }
}

/// Mode bits by which users may read, write and execute.
const PERMISSIONS: u32 = 0o777;
/// The mode bit that keeps users from removing the files of others in a directory.
const STICKY: u32 = 0o1000;

/// A directory that is to exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Directory {
    pub path: String,
    /// mode of a new directory; a directory that exists keeps its mode (kubeadm behaviour)
    pub mode: u32,
}

impl Directory {
    /// Makes the directory if it does not exist.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn ensure(&self, files: &dyn Files) -> WorldResult<Applied> {
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

/// A file with a content, a mode and, if given, an owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    pub path: String,
    pub content: Vec<u8>,
    pub mode: u32,
    pub owner: Option<(u32, u32)>,
}

impl File {
    /// Writes the file if its content differs, or sets its mode and owner if only these differ.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn ensure(&self, files: &dyn Files) -> WorldResult<Applied> {
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

/// The mode and the owner of a file that exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    pub path: String,
    pub mode: u32,
    pub owner: Option<(u32, u32)>,
}

impl Mode {
    /// Sets the mode and the owner. `may_widen` allows further users to use the file.
    ///
    /// # Errors
    /// `not-found` if the file does not exist; `denied` if further users could use it and
    /// `may_widen` is false.
    pub fn ensure(&self, files: &dyn Files, may_widen: bool) -> WorldResult<Applied> {
        let meta = files.stat(&self.path)?.ok_or_else(|| {
            Failure::new(
                FailureCode::NotFound,
                format!("{} does not exist", self.path),
            )
        })?;
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

    /// Whether users could use the file that could not use it before.
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

/// The owner of a directory and of everything below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    pub path: String,
    pub owner: (u32, u32),
}

impl Owner {
    /// Sets the owner. Returns whether anything changed.
    ///
    /// # Errors
    /// The owner of a file cannot be changed.
    pub fn ensure(&self, files: &dyn Files) -> WorldResult<bool> {
        files.chown_recursive(&self.path, self.owner)
    }
}

/// Removes a file or a link, if it exists.
///
/// # Errors
/// `denied` if it is a device, a pipe or a socket: no run makes these.
pub fn remove(path: &str, files: &dyn Files) -> WorldResult<Applied> {
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
