//! The log of a rehearsed cluster, which outlives the process like etcd's data. Each change is
//! appended as a line of JSON when it is made. A line that a kill cut off is ignored: its change
//! did not happen. The log holds secrets, as etcd does.
//!
//! `latest` finds the last change of each object.
mod latest;

use crate::world::{
    Files, WorldResult,
    files::{
        failure_code,
        lines::{LineReader, ReadLine},
    },
    state_directory as state,
};
use kubephase_wit::{Failure, FailureCode};
use latest::LatestEntries;
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

/// Name of the log in the state directory.
const NAME: &str = "cluster.jsonl";

/// A change of the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogEntry {
    /// the state of an object after a change
    Object {
        version: u64,
        resource: String,
        object: Value,
    },
    /// the deletion of an object
    #[serde(rename = "gone")]
    Deleted {
        version: u64,
        resource: String,
        namespace: String,
        name: String,
    },
    /// the members of etcd after a change
    Members(Value),
}

/// The log of a rehearsed cluster. Its file is opened when the cluster's first API server starts.
pub struct ClusterLog {
    root: PathBuf,
    open: Mutex<Option<OpenLog>>,
}

struct OpenLog {
    file: File,
    /// The first failure to append a change.
    failure: Option<String>,
}

impl ClusterLog {
    /// Returns the log in the tree below a root, without opening it.
    pub fn new(root: &Path) -> ClusterLog {
        ClusterLog {
            root: root.to_owned(),
            open: Mutex::default(),
        }
    }

    /// Whether there is a log in the tree below a root.
    pub fn exists(root: &Path) -> bool {
        let opened = state::open(root)
            .ok()
            .flatten()
            .map(|directory| directory.open(NAME));
        matches!(opened, Some(Ok(_)))
    }

    fn open(&self) -> MutexGuard<'_, Option<OpenLog>> {
        self.open.lock()
    }

    /// Returns the path of the log in the tree of its node.
    pub fn path() -> String {
        format!("{}/{NAME}", state::DIRECTORY)
    }

    /// Reads the last change of each object, in the order of the changes. Empty if there is no log.
    ///
    /// # Errors
    /// `invalid` if the log is damaged other than at its end; those of reading it.
    pub fn read(files: &dyn Files) -> WorldResult<Vec<LogEntry>> {
        let path = ClusterLog::path();
        let opened = match files.open(&path) {
            Ok(opened) => opened,
            Err(failure) if failure.code == FailureCode::NotFound => return Ok(Vec::new()),
            Err(failure) => return Err(failure),
        };
        let mut lines = LineReader::new(opened.reader()?);
        let mut latest = LatestEntries::default();
        loop {
            match lines.next_line().map_err(|error| {
                Failure::new(FailureCode::Io, format!("cannot read {path}: {error}"))
            })? {
                ReadLine::Whole(line) if line.is_empty() => {}
                ReadLine::Whole(line) => latest.add(
                    serde_json::from_slice(&line)
                        .map_err(|error| damaged_log(&path, lines.count, &error.to_string()))?,
                ),
                ReadLine::TooLong => {
                    return Err(damaged_log(&path, lines.count, "the line is too long"));
                }
                ReadLine::CutOff | ReadLine::End => return Ok(latest.into_entries()),
            }
        }
    }

    /// Begins the log anew with the present state of the cluster. Changes from now on are appended.
    /// Only one entry at a time is in memory.
    ///
    /// # Errors
    /// The log cannot be written; the previous log is still there.
    pub fn begin(&self, entries: impl Iterator<Item = LogEntry>) -> WorldResult<()> {
        let directory = state::make(&self.root)?;
        let file = directory
            .replace_by_parts(NAME, entries.map(|entry| to_line(&entry)))
            .map_err(|error| {
                let path = directory.path().join(NAME);
                Failure::new(
                    failure_code(&error),
                    format!("cannot keep the cluster in {}: {error}", path.display()),
                )
            })?;
        *self.open() = Some(OpenLog {
            file,
            failure: None,
        });
        Ok(())
    }

    /// Appends a change if the log is open. Otherwise the change is not computed.
    pub fn add(&self, entry: impl FnOnce() -> LogEntry) {
        if let Some(open) = self.open().as_mut()
            && let Err(error) = open.file.write_all(to_line(&entry()).as_bytes())
        {
            let path = state::path_below(&self.root).join(NAME);
            open.failure.get_or_insert_with(|| {
                format!(
                    "{} does not hold all of the cluster: {error}",
                    path.display()
                )
            });
        }
    }

    /// Returns why not all changes were logged; `None` if they were.
    pub fn failure(&self) -> Option<String> {
        self.open().as_ref()?.failure.clone()
    }
}

fn damaged_log(path: &str, line: usize, why: &str) -> Failure {
    Failure {
        remedy: Some(format!("remove {path} to begin with an empty cluster")),
        ..Failure::new(
            FailureCode::Invalid,
            format!("{path}:{line} is damaged: {why}"),
        )
    }
}

fn to_line(entry: &LogEntry) -> String {
    // All keys are texts, so the entry can always be written as JSON.
    serde_json::to_string(entry).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests;
