//! The history of a node: what earlier runs did on it, collected from their journals.
mod fold;
mod last_effect;
mod outdated;
mod recorded_effect;
mod system;

pub use last_effect::LastEffect;

use super::{
    list::run_number_of,
    reader::{Events, ReadError, is_relied_on},
};
use crate::{
    cancel::Cancel,
    world::{Files, OpenFile, WorldResult, files::is_trusted},
};
use fold::Fold;
use kubephase_sdk::undo::UndoStep;
use kubephase_wit::{Failure, FailureCode};
use outdated::outdated_journals;
use std::{collections::BTreeSet, path::Path, sync::Arc};

/// Number of warnings that are reported one by one.
const MAX_WARNINGS: usize = 10;

/// The work of earlier runs on the node, in the form that the next run needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// paths of files and directories that earlier runs made and did not remove since, and paths
    /// that a run was about to make when it was cut off; without files that already had the wanted
    /// content
    pub made: BTreeSet<String>,
    /// the steps that undo effects of earlier runs which no run undid since; the latest first
    pub undo: Vec<UndoStep>,
    /// warnings about journals that cannot be relied on, with their paths
    pub warnings: Vec<String>,
    /// journals that no later run needs any more
    pub outdated: Vec<String>,
    /// the last effects on files and kernel parameters, with which the present state of the node is
    /// compared
    pub last: Vec<LastEffect>,
}

/// A journal of the history.
struct Journal {
    run: u64,
    path: String,
    bytes: u64,
    /// whether every line could be read
    is_whole: bool,
}

impl Journal {
    fn new(run: u64, path: &str, bytes: u64, is_whole: bool) -> Self {
        Journal {
            run,
            path: path.to_owned(),
            bytes,
            is_whole,
        }
    }
}

impl History {
    /// Reads the journals in a directory of a node. A journal that cannot be read is left out, with
    /// a warning. The history is empty if `cancel` is requested meanwhile, because then no phase
    /// begins.
    pub fn read(files: &dyn Files, directory: &str, cancel: &Cancel) -> History {
        let mut history = History::default();
        let paths = match journal_paths(files, directory) {
            Ok(paths) => paths,
            Err(failure) => {
                history
                    .warnings
                    .push(format!("earlier runs are not known: {}", failure.message));
                return history;
            }
        };
        let (mut fold, mut journals) = (Fold::default(), Vec::new());
        for (run, path) in paths {
            match fold.read(files, directory, run, &path, cancel) {
                Ok((journal, warning)) => {
                    history.warnings.extend(warning);
                    journals.push(journal);
                }
                Err(warning) => history.warnings.push(warning),
            }
        }
        if cancel.is_requested() {
            return History::default();
        }
        if history.warnings.len() > MAX_WARNINGS {
            let more = history.warnings.len() - MAX_WARNINGS;
            history.warnings.truncate(MAX_WARNINGS);
            history.warnings.push(format!(
                "{more} more journals in {directory} cannot be read as a whole"
            ));
        }
        let Fold {
            made,
            left,
            undone_by,
            last,
            ..
        } = fold;
        let undo = left.latest_first();
        history.outdated = outdated_journals(&journals, &undo, &undone_by);
        History {
            made,
            undo,
            last: last.into_vec(),
            ..history
        }
    }

    /// Removes the journals that no later run needs. Returns the failures.
    pub fn remove_outdated(&self, files: &dyn Files) -> Vec<String> {
        let removed = self
            .outdated
            .iter()
            .filter_map(|path| files.remove(path).err());
        removed.map(|failure| failure.message).collect()
    }
}

/// Returns the run numbers and paths of the journals in a directory, the earliest first.
pub(super) fn journal_paths(files: &dyn Files, directory: &str) -> WorldResult<Vec<(u64, String)>> {
    if files.stat(directory)?.is_none() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<(u64, String)> = files
        .list(directory)?
        .into_iter()
        .filter_map(|name| {
            Some((
                run_number_of(Path::new(&name))?,
                format!("{directory}/{name}"),
            ))
        })
        .collect();
    paths.sort();
    Ok(paths)
}

/// Opens a journal.
///
/// # Errors
/// `denied` if the journal is not a regular file, or a user other than this one and root could have
/// written it.
pub(super) fn open<'f>(
    files: &'f dyn Files,
    directory: &str,
    path: &str,
) -> WorldResult<Box<dyn OpenFile + 'f>> {
    let opened = files.open(path)?;
    let meta = opened.meta();
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    if meta.kind != "file"
        || opened.real_path() != format!("{}/{name}", files.real_path(directory)?)
    {
        return Err(Failure::new(
            FailureCode::Denied,
            format!("{path} is a link or not a file"),
        ));
    }
    if !is_trusted(meta.uid, meta.mode) {
        let message = format!(
            "{path} could have been written by another user (owner {}, mode {:04o})",
            meta.uid, meta.mode
        );
        return Err(Failure::new(FailureCode::Denied, message));
    }
    Ok(opened)
}

impl Fold {
    /// Reads one journal. Returns a warning, too, if only a part of it can be used.
    ///
    /// # Errors
    /// The journal cannot be used at all: the warning that says so.
    fn read(
        &mut self,
        files: &dyn Files,
        directory: &str,
        run: u64,
        path: &str,
        cancel: &Cancel,
    ) -> Result<(Journal, Option<String>), String> {
        let opened = open(files, directory, path).map_err(|failure| unusable(&failure.message))?;
        let source = opened
            .reader()
            .map_err(|failure| unusable(&failure.message))?;
        let bytes = opened.meta().size;
        let mut events = match Events::begin(Path::new(path), source) {
            Ok(events) => events,
            // A run that was killed at once, or found the disk full, leaves an empty journal.
            Err(ReadError::NoJournal { .. }) if bytes == 0 => {
                return Ok((Journal::new(run, path, bytes, true), None));
            }
            Err(error) => return Err(unusable(&error.to_string())),
        };
        let mut workflow = Arc::default();
        let trouble = loop {
            if cancel.is_requested() {
                break None;
            }
            match events.next_wanted(is_relied_on) {
                Ok(Some(event)) => self.note_event(event.kind, run, &mut workflow),
                Ok(None) => break events.damage.as_ref().map(ToString::to_string),
                Err(error) => break Some(error.to_string()),
            }
        };
        self.made.append(&mut self.intended);
        let warning = trouble.map(|why| format!("{why}; the rest of it is used"));
        let journal = Journal::new(run, path, bytes, warning.is_none());
        Ok((journal, warning))
    }
}

fn unusable(reason: &str) -> String {
    format!("{reason}; what that run did is not known, so reset leaves it in place")
}
