//! The view of a tree that effects of plugins have: no link is followed, and no file of the host is
//! touched. Directories are opened one by one and checked by handle, and the change is made through
//! the handles that were checked.
//!
//! `action` has the actions and the allowed modes, `lookup` finds the entry of a path and refuses
//! files of the host, `checks` decides whether an action is allowed on an entry, `operations` is
//! the view as [`Files`](crate::world::Files).
mod action;
mod checks;
mod lookup;
mod operations;

pub use action::FileAction;

use super::{
    RootedFiles,
    handle::FileIdentity,
    territory::{Survey, Territory},
};
use crate::world::WorldResult;
use checks::check_request;
use kubephase_wit::{Failure, FailureCode};
use lookup::{ConfinedEntry, MissingParents};
use std::sync::OnceLock;

/// The view of a tree for one effect of a plugin. It looks up once where the host's files are, and
/// remembers it.
pub struct Confined<'a> {
    files: &'a RootedFiles,
    territories: Vec<&'a Territory>,
    surveys: OnceLock<Vec<Survey>>,
}

fn denied(message: String) -> Failure {
    Failure::new(FailureCode::Denied, message)
}

impl<'a> Confined<'a> {
    /// Returns a view of a tree that excludes the files of a territory.
    pub fn new(files: &'a RootedFiles, territory: &'a Territory) -> Self {
        Confined {
            files,
            territories: vec![territory],
            surveys: OnceLock::new(),
        }
    }

    /// Returns a view that also excludes the files of another territory.
    pub fn without_files_of<'c>(&'c self, territory: &'c Territory) -> Confined<'c> {
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

    /// Returns where the files of each territory are, with all links followed.
    fn surveys(&self) -> WorldResult<&[Survey]> {
        if let Some(surveys) = self.surveys.get() {
            return Ok(surveys);
        }
        let surveys: WorldResult<Vec<Survey>> = self
            .territories
            .iter()
            .map(|territory| Survey::take(territory, self.files))
            .collect();
        let surveys = surveys?;
        Ok(self.surveys.get_or_init(|| surveys))
    }

    /// Whether a file or directory belongs to the host.
    fn owns(&self, file: FileIdentity) -> WorldResult<bool> {
        Ok(self.surveys()?.iter().any(|survey| survey.owns(file)))
    }

    /// Whether a directory has files of the host below it.
    fn is_above(&self, directory: FileIdentity) -> WorldResult<bool> {
        Ok(self
            .surveys()?
            .iter()
            .any(|survey| survey.is_above(directory)))
    }

    /// Checks whether a plugin may do an action at a path of this tree.
    ///
    /// # Errors
    /// `denied` with the reason, or the failure to open a directory.
    pub fn check(&self, path: &str, action: FileAction) -> WorldResult<()> {
        check_request(path, action)?;
        match self.find_entry(path, MissingParents::Stop)? {
            Some(entry) => self.check_entry(path, &entry, action),
            None => Ok(()),
        }
    }

    /// Finds the entry of a path and checks the action. If a directory above the entry is missing,
    /// makes it if the action can create an entry, and otherwise returns `None`.
    fn find_and_check<'p>(
        &self,
        path: &'p str,
        action: FileAction,
    ) -> WorldResult<Option<ConfinedEntry<'p>>> {
        // What is never allowed is refused before any directory is made.
        check_request(path, action)?;
        let missing = if action.can_create() {
            MissingParents::Make
        } else {
            MissingParents::Stop
        };
        let entry = self.find_entry(path, missing)?;
        if let Some(entry) = &entry {
            self.check_entry(path, entry, action)?;
        }
        Ok(entry)
    }
}

#[cfg(test)]
pub(super) mod tests;
