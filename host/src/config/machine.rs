//! The machine's own configuration: `/etc/kubephase/conf.d/*.yaml` and
//! `/etc/kubephase/kubephase.lock`. Callers such as kubespray write only kubeadm's documents. These
//! files give the runs of such a caller plugins, without a change of the caller.
//!
//! The files decide what a run as root does, so only root may be able to write them. Links are
//! followed only within the folder.
#![allow(
    clippy::disallowed_methods,
    reason = "configuration files are the operator's, not the node's"
)]
use super::{Problem, Problems};
use crate::{
    operator_files::{self, LONGEST_INPUT},
    program,
};
use rustix::{
    fd::OwnedFd,
    fs::{self, Dir, FileType, Mode, OFlags, Stat},
    io::Errno,
    process::geteuid,
};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// The folder, below the root of the machine.
const FOLDER: &str = "etc/kubephase";
/// The folder of the configuration files, in [`FOLDER`].
const DROP_INS: &str = "conf.d";
/// The name of the lock of their plugins, in [`FOLDER`].
const LOCK: &str = "kubephase.lock";
/// The name of the file with the version of Kubernetes that the program stands for, in [`FOLDER`].
const VERSION: &str = "kubernetes-version";

/// The folder with the machine's own configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineFolder {
    /// the root of the machine; `None` if its configuration is not read
    root: Option<PathBuf>,
}

/// A file of the folder.
pub struct MachineFile {
    pub path: PathBuf,
    pub content: Vec<u8>,
}

impl MachineFile {
    /// Returns the problem of a file whose content cannot be used.
    pub(super) fn refusal(&self, why: &str) -> Problem {
        refusal(&self.path, why)
    }
}

/// Returns the folder of the lock that belongs to a configuration file: its own folder, or
/// `/etc/kubephase` for the files of `conf.d`.
pub fn lock_folder(config: &Path) -> &Path {
    let folder = config.parent().unwrap_or(Path::new(""));
    match folder.parent() {
        Some(above) if folder.ends_with(Path::new("kubephase").join(DROP_INS)) => above,
        _ => folder,
    }
}

impl MachineFolder {
    /// Returns a run without the machine's own configuration.
    pub fn none() -> Self {
        MachineFolder::default()
    }

    /// Returns the configuration below the root of a machine, or of a scratch tree.
    pub fn at_root(root: &Path) -> Self {
        MachineFolder {
            root: Some(root.to_owned()),
        }
    }

    /// Returns the paths of the configuration files, sorted by name; none if there is no folder.
    ///
    /// # Errors
    /// The folder cannot be read, or others than root can write it.
    pub fn list(&self) -> Result<Vec<PathBuf>, Problems> {
        let Some((folder, path)) = self.open_drop_ins()? else {
            return Ok(Vec::new());
        };
        let names = names_in(&folder).map_err(|error| cannot_read(&path, &error))?;
        Ok(names.into_iter().map(|name| path.join(name)).collect())
    }

    /// Reads the configuration files, sorted by name.
    ///
    /// # Errors
    /// A file cannot be read, others than root can write it, or it is a link out of the folder.
    pub fn read(&self) -> Result<Vec<MachineFile>, Problems> {
        let Some((folder, path)) = self.open_drop_ins()? else {
            return Ok(Vec::new());
        };
        let names = names_in(&folder).map_err(|error| cannot_read(&path, &error))?;
        let files = names.into_iter().map(|name| {
            let path = path.join(&name);
            let content = self.read_file(&folder, &name, &path)?;
            Ok(MachineFile { path, content })
        });
        files.collect()
    }

    /// Reads the lock of the machine's plugins; `None` if it does not exist.
    ///
    /// # Errors
    /// It cannot be read, others than root can write it, or it is a link out of the folder.
    pub fn read_lock(&self) -> Result<Option<MachineFile>, Problems> {
        self.read_if_present(LOCK)
    }

    /// Reads the file with the version of Kubernetes that the program stands for; `None` if it does
    /// not exist.
    ///
    /// # Errors
    /// It cannot be read, others than root can write it, or it is a link out of the folder.
    pub(super) fn read_version(&self) -> Result<Option<MachineFile>, Problems> {
        self.read_if_present(VERSION)
    }

    /// Reads a file of the folder; `None` if it does not exist.
    fn read_if_present(&self, name: &str) -> Result<Option<MachineFile>, Problems> {
        let Some((folder, path)) = self.open_folder()? else {
            return Ok(None);
        };
        let path = path.join(name);
        match fs::statat(&folder, name, fs::AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(cannot_read(&path, &error.into()).into()),
            Ok(_) => {}
        }
        let content = self.read_file(&folder, name, &path)?;
        Ok(Some(MachineFile { path, content }))
    }

    fn open_drop_ins(&self) -> Result<Option<(OwnedFd, PathBuf)>, Problems> {
        match self.open_folder()? {
            Some((folder, path)) => self.open_below(&folder, DROP_INS, &path.join(DROP_INS)),
            None => Ok(None),
        }
    }

    fn open_folder(&self) -> Result<Option<(OwnedFd, PathBuf)>, Problems> {
        let Some(root) = &self.root else {
            return Ok(None);
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // A root that does not exist yet is made by the run.
        let Ok(opened) = fs::open(root, flags, Mode::empty()) else {
            return Ok(None);
        };
        let (above, name) = FOLDER.split_once('/').unwrap_or(("", FOLDER));
        let Ok(above) = fs::openat(&opened, above, flags | OFlags::NOFOLLOW, Mode::empty()) else {
            return Ok(None);
        };
        self.open_below(&above, name, &root.join(FOLDER))
    }

    /// Opens a folder that must not be a link; `None` if it does not exist.
    fn open_below(
        &self,
        above: &OwnedFd,
        name: &str,
        path: &Path,
    ) -> Result<Option<(OwnedFd, PathBuf)>, Problems> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match fs::openat(above, name, flags, Mode::empty()) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let message = "it has to be a folder, and must not be a link";
                return Err(refusal(path, message).into());
            }
            Err(error) => return Err(cannot_read(path, &error.into()).into()),
        };
        let stat = fs::fstat(&folder).map_err(|error| cannot_read(path, &error.into()))?;
        self.check_owner(path, &stat)?;
        Ok(Some((folder, path.to_owned())))
    }

    fn read_file(&self, folder: &OwnedFd, name: &str, path: &Path) -> Result<Vec<u8>, Problem> {
        let target = match fs::readlinkat(folder, name, Vec::new()) {
            Ok(target) => target.into_string().unwrap_or_default(),
            Err(_) => name.to_owned(),
        };
        if target.contains('/') || matches!(target.as_str(), "" | "." | "..") {
            let message = "it is a link that leads out of its folder; put the file itself there";
            return Err(refusal(path, message));
        }
        // Without NONBLOCK, opening a pipe would wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let unreadable = |error: io::Error| cannot_read(path, &error);
        let file = fs::openat(folder, target.as_str(), flags, Mode::empty())
            .map_err(|error| unreadable(error.into()))?;
        let stat = fs::fstat(&file).map_err(|error| unreadable(error.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(refusal(path, "it is not a regular file"));
        }
        self.check_owner(path, &stat)?;
        operator_files::read_opened(File::from(file), LONGEST_INPUT).map_err(|error| {
            match error.kind() {
                io::ErrorKind::FileTooLarge => refusal(path, &error.to_string()),
                _ => unreadable(error),
            }
        })
    }

    /// Checks that only root can change a file or folder. In a scratch tree, the user who runs the
    /// program may own it too.
    fn check_owner(&self, path: &Path, stat: &Stat) -> Result<(), Problem> {
        let is_scratch = self.root.as_deref() != Some(Path::new("/"));
        let is_own = is_scratch && stat.st_uid == geteuid().as_raw();
        if stat.st_uid != 0 && !is_own {
            let message = format!(
                "it belongs to the user {}, and has to belong to root: chown root {}",
                stat.st_uid,
                program::path_word(path)
            );
            return Err(refusal(path, &message));
        }
        let mode = Mode::from_raw_mode(stat.st_mode);
        let by_group = mode.contains(Mode::WGRP) && stat.st_gid != 0;
        if by_group || mode.contains(Mode::WOTH) {
            let message = format!(
                "others than root can write it (mode {:04o}): chmod go-w {}",
                mode.as_raw_mode() & 0o7777,
                program::path_word(path)
            );
            return Err(refusal(path, &message));
        }
        Ok(())
    }
}

/// Returns the names of the configuration files in a folder, sorted.
fn names_in(folder: &OwnedFd) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn cannot_read(path: &Path, error: &io::Error) -> Problem {
    refusal(path, &format!("it cannot be read: {error}"))
}

fn refusal(path: &Path, why: &str) -> Problem {
    let message = format!("{why}; or run without the machine's own configuration: --no-conf-d");
    Problem::new("", message).with_file(path)
}

#[cfg(test)]
mod tests;
