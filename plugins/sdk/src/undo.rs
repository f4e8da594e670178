//! Inverses of the effects of earlier runs: `reset` carries them out. The journals keep them.
use serde::{Deserialize, Serialize};
use std::fmt;

/// The inverse of an effect: the step by which `reset` undoes it. It holds only names, never the
/// content of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inverse {
    /// removes a file that did not exist before
    RemoveFile(String),
    /// removes a directory that did not exist before, if it is empty
    RemoveDirectory(String),
    /// removes a directory that did not exist before, with everything in it
    RemoveTree(String),
    /// stops a service that did not run before
    StopService(String),
    /// disables a service that was not enabled before
    DisableService(String),
}

impl Inverse {
    /// Returns the path, or the name of the service.
    pub fn target(&self) -> &str {
        match self {
            Inverse::RemoveFile(path)
            | Inverse::RemoveDirectory(path)
            | Inverse::RemoveTree(path) => path,
            Inverse::StopService(name) | Inverse::DisableService(name) => name,
        }
    }
}

impl fmt::Display for Inverse {
    /// Writes the path that is removed, or the service and the state that it gets:
    /// `chrony stopped`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inverse::RemoveFile(path)
            | Inverse::RemoveDirectory(path)
            | Inverse::RemoveTree(path) => f.write_str(path),
            Inverse::StopService(name) => write!(f, "{name} stopped"),
            Inverse::DisableService(name) => write!(f, "{name} disabled"),
        }
    }
}

/// The inverse of an effect of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoStep {
    pub inverse: Inverse,
    /// the number of the run's journal
    pub run: u64,
    /// `init`, `join`
    pub workflow: String,
}
