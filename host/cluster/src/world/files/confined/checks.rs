//! Decides whether an action of a plugin is allowed on the entry of a path.
use super::{Confined, FileAction, denied, lookup::ConfinedEntry};
use crate::world::{
    WorldResult,
    files::{
        atomic_write::UNFINISHED_SUFFIX,
        handle::{file_identity, type_name},
    },
};
use rustix::fs::{FileType, Stat};

impl Confined<'_> {
    /// Checks whether a plugin may do this to an entry.
    ///
    /// # Errors
    /// `denied` with the reason.
    pub(super) fn check_entry(
        &self,
        path: &str,
        entry: &ConfinedEntry,
        action: FileAction,
    ) -> WorldResult<()> {
        let kind = entry
            .metadata
            .as_ref()
            .map(|target| FileType::from_raw_mode(target.st_mode));
        action.check_mode(path, kind)?;
        let (Some(target), Some(kind)) = (&entry.metadata, kind) else {
            return Ok(());
        };
        if !action.is_allowed_on(kind) {
            return Err(denied(format!(
                "{path} is a {}, which this effect of a plugin does not touch",
                type_name(target)
            )));
        }
        match action {
            FileAction::SetMode { .. } if kind == FileType::RegularFile => {
                check_single_link(path, target)
            }
            FileAction::SetMode { .. } | FileAction::RemoveDirectory
                if self.is_above(file_identity(target))? =>
            {
                Err(denied(format!(
                    "{path} holds files of the host, so a plugin may not change it"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Checks an action at a path before anything is looked up: its mode, and the name of the file.
///
/// # Errors
/// `denied` with the reason.
pub(super) fn check_request(path: &str, action: FileAction) -> WorldResult<()> {
    action.check_mode(path, None)?;
    let name = path.trim_end_matches('/').rsplit('/').next();
    let name = name.unwrap_or_default();
    if action != FileAction::Read && name.starts_with('.') && name.ends_with(UNFINISHED_SUFFIX) {
        return Err(denied(format!(
            "{path} has a name that the host gives to files it has not finished"
        )));
    }
    Ok(())
}

/// Refuses a file with several hard links: by another name it may be a key of the host.
fn check_single_link(path: &str, stat: &Stat) -> WorldResult<()> {
    if stat.st_nlink > 1 {
        return Err(denied(format!(
            "{path} is a hard link: the file has {} names, so a plugin may not change it",
            stat.st_nlink
        )));
    }
    Ok(())
}
