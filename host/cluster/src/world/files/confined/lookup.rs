//! Finds the entry of a path, one directory after the other, without following links.
use super::{Confined, denied};
use crate::world::{
    WorldResult,
    files::{
        directories::PARENT_MODE,
        failure::{failure_to, io_failure},
        handle::{UNFOLLOWED, file_identity, is_searchable_by_all, type_name},
    },
};
use kubephase_wit::{Failure, FailureCode};
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};

/// The treatment of missing parent directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingParents {
    /// The directories are made.
    Make,
    /// The path then has no entry.
    Stop,
}

/// A name in an open directory. Neither belongs to the host.
pub struct ConfinedEntry<'a> {
    pub(super) directory: OwnedFd,
    pub(super) name: &'a str,
    /// Metadata of the file with this name; `None` if no such file exists.
    pub(super) metadata: Option<Stat>,
    /// Whether every local user may search the directory and all directories above it.
    pub(super) searchable: bool,
}

/// A directory on the way to an entry.
struct Parent {
    directory: OwnedFd,
    stat: Stat,
    /// Whether every local user may search it and all directories above.
    searchable: bool,
}

/// Returns the failure to touch a file of the host.
pub(super) fn host_owned_failure(path: &str) -> Failure {
    let remedy = "write another path. Plugins cannot change static Pods, keys, kubeconfigs, \
        programs, files of the operator, or data of the kubelet, etcd, the container runtime and \
        this program";
    Failure {
        remedy: Some(remedy.into()),
        ..denied(format!(
            "{path} belongs to the host; no file effect of a plugin may change it"
        ))
    }
}

/// Splits an absolute path into its names.
///
/// # Errors
/// `invalid` if the path is relative, is `/`, or contains `.`, `..` or a NUL byte.
fn split_names(path: &str) -> WorldResult<Vec<&str>> {
    let below = path
        .strip_prefix('/')
        .ok_or_else(|| invalid_path(path, "is not an absolute path"))?;
    let names: Vec<&str> = below.split('/').filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(invalid_path(path, "is not the path of a file"));
    }
    if names
        .iter()
        .any(|name| matches!(*name, "." | "..") || name.contains('\0'))
    {
        return Err(invalid_path(path, "has a part that is not a name"));
    }
    Ok(names)
}

fn invalid_path(path: &str, why: &str) -> Failure {
    Failure::new(FailureCode::Invalid, format!("{path:?} {why}"))
}

impl Confined<'_> {
    /// Finds the entry of a path, one directory after the other. Returns `None` if a directory is
    /// missing and `missing` says `Stop`.
    ///
    /// # Errors
    /// `denied` if the path belongs to the host or leads through a link; `invalid` if it is not a
    /// plain absolute path or leads through a file; the failure to open a directory.
    pub(super) fn find_entry<'p>(
        &self,
        path: &'p str,
        missing: MissingParents,
    ) -> WorldResult<Option<ConfinedEntry<'p>>> {
        let mut names = split_names(path)?;
        if self.owns_path(&format!("/{}", names.join("/")))? {
            return Err(host_owned_failure(path));
        }
        let name = names.pop().unwrap_or_default();
        let mut parent = self.open_root(path)?;
        for part in names {
            let Some(next) = self.descend(path, &parent, part, missing)? else {
                return Ok(None);
            };
            parent = next;
        }
        let metadata = self.find_metadata(path, &parent, name)?;
        Ok(Some(ConfinedEntry {
            directory: parent.directory,
            name,
            metadata,
            searchable: parent.searchable,
        }))
    }

    /// Whether a path belongs to the host: as it is written, or as a real path of a file of the
    /// host.
    fn owns_path(&self, path: &str) -> WorldResult<bool> {
        let is_in_territory = self
            .territories
            .iter()
            .any(|territory| territory.owns(path));
        Ok(is_in_territory || self.surveys()?.iter().any(|survey| survey.owns_path(path)))
    }

    /// Whether a name in a directory belongs to the host.
    fn owns_entry(&self, directory: &Stat, name: &str) -> WorldResult<bool> {
        Ok(self
            .surveys()?
            .iter()
            .any(|survey| survey.owns_entry(file_identity(directory), name)))
    }

    /// Opens the root of the tree. `path` is the whole path, for failures.
    fn open_root(&self, path: &str) -> WorldResult<Parent> {
        let directory = self
            .files
            .open_at(".", OFlags::PATH | OFlags::DIRECTORY)
            .map_err(failure_to("open", path))?;
        let stat = fs::fstat(&directory).map_err(failure_to("open", path))?;
        Ok(Parent {
            directory,
            stat,
            searchable: self.files.is_root_searchable(stat.st_mode),
        })
    }

    /// Opens a directory in a directory. Returns `None` if it is missing and `missing` says `Stop`.
    /// `path` is the whole path, for failures.
    fn descend(
        &self,
        path: &str,
        parent: &Parent,
        name: &str,
        missing: MissingParents,
    ) -> WorldResult<Option<Parent>> {
        if self.owns_entry(&parent.stat, name)? {
            return Err(host_owned_failure(path));
        }
        let opened = fs::openat(&parent.directory, name, UNFOLLOWED, Mode::empty());
        let directory = match (opened, missing) {
            (Err(Errno::NOENT), MissingParents::Stop) => return Ok(None),
            (Err(Errno::NOENT), MissingParents::Make) => self
                .files
                .make_directory_in(&parent.directory, name, PARENT_MODE)
                .map_err(failure_to("make the directories above", path))?,
            (opened, _) => opened.map_err(failure_to("open", path))?,
        };
        let stat = fs::fstat(&directory).map_err(failure_to("open", path))?;
        if self.owns(file_identity(&stat))? {
            return Err(host_owned_failure(path));
        }
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {}
            FileType::Symlink => {
                return Err(denied(format!(
                    "{path} leads through {name:?}, which is a symbolic link; effects of plugins \
                     do not follow links"
                )));
            }
            _ => {
                let why = format!(
                    "cannot exist: {name:?} is a {}, not a directory",
                    type_name(&stat)
                );
                return Err(invalid_path(path, &why));
            }
        }
        Ok(Some(Parent {
            directory,
            stat,
            searchable: parent.searchable && is_searchable_by_all(stat.st_mode),
        }))
    }

    /// Returns the metadata of the entry with a name, without following a link; `None` if there is
    /// no entry. `path` is the whole path, for failures.
    fn find_metadata(&self, path: &str, parent: &Parent, name: &str) -> WorldResult<Option<Stat>> {
        if self.owns_entry(&parent.stat, name)? {
            return Err(host_owned_failure(path));
        }
        match fs::statat(&parent.directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if self.owns(file_identity(&stat))? => Err(host_owned_failure(path)),
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(io_failure("look at", path, errno)),
        }
    }
}
