//! The view of a tree that effects of plugins have: no link is followed, and no file of the host is
//! touched. Directories are opened one by one and judged by handle, and the change is made through
//! the handles that were judged.
use super::{
    RootedFiles, UNFINISHED, failed,
    handle::{FileHandle, Identity, UNFOLLOWED, identity, is_searchable, meta},
    set,
    territory::{Survey, Territory},
};
use crate::world::{Files, OpenFile, Tried};
use kubephase_wit::{Failure, FileMeta};
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};
use std::sync::OnceLock;

/// An action of a plugin's effect on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    Look,
    Write { mode: u32 },
    MakeDirectory { mode: u32 },
    SetMode { mode: u32 },
    RemoveFile,
    RemoveDirectory,
}

/// How missing parent directories are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MissingParents {
    Make,
    Stop,
}

/// A name in an open directory that does not belong to the host.
pub struct Entry<'a> {
    directory: OwnedFd,
    name: &'a str,
    /// metadata of the file with this name; none if there is none
    target: Option<Stat>,
    /// whether every local user may search all directories above
    searchable: bool,
}

/// The view of a tree for one effect of a plugin. The places of the host's files are looked up once
/// and kept.
pub struct Confined<'a> {
    files: &'a RootedFiles,
    territories: Vec<&'a Territory>,
    surveys: OnceLock<Vec<Survey>>,
}

/// Mode bits that a plugin may give a file: neither set-user-ID nor set-group-ID.
const FILE_MODE: u32 = 0o777;
/// Mode bits that a plugin may give a directory. The sticky bit is allowed, because it only takes
/// rights away.
const DIRECTORY_MODE: u32 = 0o1777;

fn denied(message: String) -> Failure {
    Failure::new("denied", message)
}

fn is_host_owned(path: &str) -> Failure {
    let remedy = "a plugin cannot change static Pods, keys, kubeconfigs, what the kubelet, etcd, \
        the container runtime and this program keep, the operator's files, or programs";
    Failure {
        remedy: Some(remedy.into()),
        ..denied(format!(
            "{path} belongs to the host, which a plugin's file effects do not reach"
        ))
    }
}

/// Splits an absolute path into its names.
///
/// # Errors
/// `invalid` if the path is relative, is `/`, or contains `.`, `..` or a NUL byte.
fn parts(path: &str) -> Tried<Vec<&str>> {
    let invalid = |why: &str| Failure::new("invalid", format!("{path:?} {why}"));
    let below = path
        .strip_prefix('/')
        .ok_or_else(|| invalid("is not an absolute path"))?;
    let parts: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err(invalid("is not the path of a file"));
    }
    if parts
        .iter()
        .any(|part| matches!(*part, "." | "..") || part.contains('\0'))
    {
        return Err(invalid("has a part that is not a name"));
    }
    Ok(parts)
}

fn kind(of: &Stat) -> String {
    match FileType::from_raw_mode(of.st_mode) {
        FileType::RegularFile => "file",
        FileType::Directory => "directory",
        FileType::Symlink => "symbolic link",
        FileType::Socket => "socket",
        FileType::Fifo => "pipe",
        _ => "device",
    }
    .to_owned()
}

impl<'a> Confined<'a> {
    /// A view of a tree without the files of a territory.
    pub fn new(files: &'a RootedFiles, territory: &'a Territory) -> Self {
        Confined {
            files,
            territories: vec![territory],
            surveys: OnceLock::new(),
        }
    }

    /// This view, also without the files of another territory.
    pub fn with<'c>(&'c self, territory: &'c Territory) -> Confined<'c> {
        let territories = self
            .territories
            .iter()
            .copied()
            .chain([territory])
            .collect();
        Confined {
            files: self.files,
            territories,
            surveys: OnceLock::new(),
        }
    }

    fn surveys(&self) -> Tried<&[Survey]> {
        if let Some(surveys) = self.surveys.get() {
            return Ok(surveys);
        }
        let surveys: Tried<Vec<Survey>> = self
            .territories
            .iter()
            .map(|territory| Survey::of(territory, self.files))
            .collect();
        let surveys = surveys?;
        Ok(self.surveys.get_or_init(|| surveys))
    }

    /// Whether a file or directory belongs to the host.
    fn owns(&self, of: Identity) -> Tried<bool> {
        Ok(self.surveys()?.iter().any(|survey| survey.owns(of)))
    }

    /// Whether a name in a directory belongs to the host.
    fn owns_entry(&self, directory: &Stat, name: &str) -> Tried<bool> {
        Ok(self
            .surveys()?
            .iter()
            .any(|survey| survey.owns_entry(identity(directory), name)))
    }

    /// Whether a directory has files of the host below it.
    fn is_above(&self, of: Identity) -> Tried<bool> {
        Ok(self.surveys()?.iter().any(|survey| survey.is_above(of)))
    }

    /// Goes down to the directory of a path, one name after the other. None if a directory is
    /// missing and is not to be made.
    ///
    /// # Errors
    /// `denied` if the path belongs to the host or leads through a link.
    fn find_entry<'p>(&self, path: &'p str, missing: MissingParents) -> Tried<Option<Entry<'p>>> {
        let failed = |errno: Errno| failed("open", path, errno.into());
        let mut parts = parts(path)?;
        let name = parts.pop().unwrap_or_default();
        let spelled = format!(
            "/{}{name}",
            parts
                .iter()
                .map(|part| format!("{part}/"))
                .collect::<String>()
        );
        let is_owned = self
            .territories
            .iter()
            .any(|territory| territory.owns(&spelled));
        if is_owned
            || self
                .surveys()?
                .iter()
                .any(|survey| survey.owns_path(&spelled))
        {
            return Err(is_host_owned(path));
        }
        let mut directory = self
            .files
            .at(".", OFlags::PATH | OFlags::DIRECTORY)
            .map_err(failed)?;
        let mut searchable = self.files.is_scratch()
            || is_searchable(fs::fstat(&directory).map_err(failed)?.st_mode);
        let mut stat = fs::fstat(&directory).map_err(failed)?;
        for part in parts {
            if self.owns_entry(&stat, part)? {
                return Err(is_host_owned(path));
            }
            let next = match (
                fs::openat(&directory, part, UNFOLLOWED, Mode::empty()),
                missing,
            ) {
                (Err(Errno::NOENT), MissingParents::Stop) => return Ok(None),
                (Err(Errno::NOENT), MissingParents::Make) => self
                    .files
                    .make_below(&directory, part, super::PARENT_MODE)
                    .map_err(failed)?,
                (opened, _) => opened.map_err(failed)?,
            };
            stat = fs::fstat(&next).map_err(failed)?;
            if self.owns(identity(&stat))? {
                return Err(is_host_owned(path));
            }
            if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
                return Err(denied(format!(
                    "{path} leads through {part:?}, which is a {}; a plugin's effects follow no \
                     link",
                    kind(&stat)
                )));
            }
            searchable &= is_searchable(stat.st_mode);
            directory = next;
        }
        if self.owns_entry(&stat, name)? {
            return Err(is_host_owned(path));
        }
        let target = match fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if self.owns(identity(&stat))? => return Err(is_host_owned(path)),
            Ok(stat) => Some(stat),
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(failed(errno)),
        };
        Ok(Some(Entry {
            directory,
            name,
            target,
            searchable,
        }))
    }

    /// Checks whether a plugin may do this at a path of this tree.
    ///
    /// # Errors
    /// `denied` with the reason, or the failure to open a directory.
    pub fn check(&self, path: &str, action: FileAction) -> Tried<()> {
        match self.find_entry(path, MissingParents::Stop)? {
            Some(entry) => self.judge(path, &entry, action),
            None => judge_mode(path, action),
        }
    }

    /// Checks whether a plugin may do this to an entry.
    fn judge(&self, path: &str, entry: &Entry, action: FileAction) -> Tried<()> {
        judge_mode(path, action)?;
        if action != FileAction::Look
            && entry.name.starts_with('.')
            && entry.name.ends_with(UNFINISHED)
        {
            return Err(denied(format!(
                "{path} has a name that the host gives to files it has not finished"
            )));
        }
        let Some(target) = &entry.target else {
            return Ok(());
        };
        let of = FileType::from_raw_mode(target.st_mode);
        let fits = match action {
            FileAction::Look => true,
            FileAction::Write { .. } => of == FileType::RegularFile,
            FileAction::MakeDirectory { .. } | FileAction::RemoveDirectory => {
                of == FileType::Directory
            }
            FileAction::SetMode { .. } => matches!(of, FileType::RegularFile | FileType::Directory),
            FileAction::RemoveFile => matches!(of, FileType::RegularFile | FileType::Symlink),
        };
        if !fits {
            return Err(denied(format!(
                "{path} is a {}, which this effect of a plugin does not touch",
                kind(target)
            )));
        }
        match action {
            FileAction::SetMode { .. } if of == FileType::RegularFile => judge_links(path, target),
            FileAction::SetMode { .. } | FileAction::RemoveDirectory
                if self.is_above(identity(target))? =>
            {
                Err(denied(format!(
                    "{path} holds files of the host, so a plugin may not change it"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Finds the entry of a path and checks the action. Makes missing directories if the action
    /// makes something.
    fn prepare<'p>(&self, path: &'p str, action: FileAction) -> Tried<Option<Entry<'p>>> {
        judge_mode(path, action)?;
        let makes = matches!(
            action,
            FileAction::Write { .. } | FileAction::MakeDirectory { .. }
        );
        let entry = self.find_entry(
            path,
            if makes {
                MissingParents::Make
            } else {
                MissingParents::Stop
            },
        )?;
        if let Some(entry) = &entry {
            self.judge(path, entry, action)?;
        }
        Ok(entry)
    }

    fn remove_entry(&self, path: &str, action: FileAction, flags: AtFlags) -> Tried<()> {
        let Some(entry) = self.prepare(path, action)? else {
            return Ok(());
        };
        if entry.target.is_none() {
            return Ok(());
        }
        self.files
            .unlink_in(&entry.directory, entry.name, flags)
            .map_err(|error| failed("remove", path, error))
    }

    /// Opens a file without following links.
    fn open_entry(&self, path: &str) -> Tried<FileHandle> {
        let missing = || failed("open", path, Errno::NOENT.into());
        let entry = self.prepare(path, FileAction::Look)?.ok_or_else(missing)?;
        let handle = fs::openat(&entry.directory, entry.name, UNFOLLOWED, Mode::empty());
        let opened = FileHandle::new(
            handle.map_err(|errno| failed("open", path, errno.into()))?,
            path,
            path,
            entry.searchable,
        )?;
        if self.owns(opened.identity())? {
            return Err(is_host_owned(path));
        }
        Ok(opened)
    }
}

/// Refuses a mode that a plugin may not give, at any path.
fn judge_mode(path: &str, action: FileAction) -> Tried<()> {
    let (mode, allowed) = match action {
        FileAction::Write { mode } => (mode, FILE_MODE),
        FileAction::MakeDirectory { mode } | FileAction::SetMode { mode } => (mode, DIRECTORY_MODE),
        FileAction::Look | FileAction::RemoveFile | FileAction::RemoveDirectory => return Ok(()),
    };
    if mode & !allowed == 0 {
        return Ok(());
    }
    Err(denied(format!(
        "{path} would get mode {mode:04o}; a plugin may only give permissions to read, write and \
         execute"
    )))
}

/// Refuses a file with several hard links: by another name it may be a key of the host.
fn judge_links(path: &str, of: &Stat) -> Tried<()> {
    if of.st_nlink > 1 {
        return Err(denied(format!(
            "{path} is a hard link: the file has {} names, so a plugin may not change it",
            of.st_nlink
        )));
    }
    Ok(())
}

impl Files for Confined<'_> {
    fn open(&self, path: &str) -> Tried<Box<dyn OpenFile + '_>> {
        Ok(Box::new(self.open_entry(path)?))
    }

    fn open_shown(&self, path: &str, territory: &Territory) -> Tried<Box<dyn OpenFile + '_>> {
        let opened = self.open_entry(path)?;
        self.files.check_shown(&opened, territory)?;
        Ok(Box::new(opened))
    }

    fn confined<'c>(&'c self, territory: &'c Territory) -> Box<dyn Files + 'c> {
        Box::new(self.with(territory))
    }

    fn stat(&self, path: &str) -> Tried<Option<FileMeta>> {
        Ok(self
            .prepare(path, FileAction::Look)?
            .and_then(|entry| entry.target)
            .as_ref()
            .map(meta))
    }

    fn read(&self, path: &str) -> Tried<Vec<u8>> {
        self.open_entry(path)?.read(super::MAX_READ)
    }

    fn real_path(&self, path: &str) -> Tried<String> {
        Ok(self.open_entry(path)?.real_path())
    }

    fn list(&self, path: &str) -> Tried<Vec<String>> {
        self.open_entry(path)?.list()
    }

    fn write(&self, path: &str, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        let Some(entry) = self.prepare(path, FileAction::Write { mode })? else {
            return Err(failed("write", path, Errno::NOENT.into()));
        };
        self.files
            .write_in(&entry.directory, entry.name, content, mode, owner)
            .map_err(|error| failed("write", path, error))
    }

    fn make_dir(&self, path: &str, mode: u32) -> Tried<()> {
        let failed = |errno: Errno| failed("make the directory", path, errno.into());
        match self.prepare(path, FileAction::MakeDirectory { mode })? {
            Some(Entry {
                target: Some(_), ..
            }) => Ok(()),
            Some(entry) => self
                .files
                .make_below(&entry.directory, entry.name, mode)
                .map(drop)
                .map_err(failed),
            None => Err(failed(Errno::NOENT)),
        }
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        let failed = |errno: Errno| failed("set the mode of", path, errno.into());
        let entry = self
            .prepare(path, FileAction::SetMode { mode })?
            .ok_or_else(|| failed(Errno::NOENT))?;
        let handle =
            fs::openat(&entry.directory, entry.name, UNFOLLOWED, Mode::empty()).map_err(failed)?;
        // The name may lead to another file by now, so the held file is judged once more.
        let target = fs::fstat(&handle).map_err(failed)?;
        if self.owns(identity(&target))? {
            return Err(is_host_owned(path));
        }
        self.judge(
            path,
            &Entry {
                target: Some(target),
                ..entry
            },
            FileAction::SetMode { mode },
        )?;
        set(&handle, mode, owner).map_err(|error| super::failed("set the mode of", path, error))?;
        self.files
            .sync(&handle)
            .map_err(|error| super::failed("set the mode of", path, error))
    }

    fn give(&self, path: &str, _owner: (u32, u32)) -> Tried<bool> {
        Err(denied(format!(
            "{path} is not given away: a plugin changes the owner of single files alone"
        )))
    }

    fn remove(&self, path: &str) -> Tried<()> {
        self.remove_entry(path, FileAction::RemoveFile, AtFlags::empty())
    }

    fn remove_all(&self, path: &str) -> Tried<()> {
        Err(denied(format!(
            "{path} is not removed: a plugin removes single files alone"
        )))
    }

    fn remove_dir(&self, path: &str) -> Tried<()> {
        self.remove_entry(path, FileAction::RemoveDirectory, AtFlags::REMOVEDIR)
    }
}

#[cfg(test)]
pub(super) mod tests;
