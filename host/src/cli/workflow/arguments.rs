//! The arguments that the operator gave after the name of a workflow.
use crate::cli::PhaseFlags;
use clap::ArgMatches;
use std::fmt;

/// The flags of a workflow as they were given. Tokens and keys are among them, so they are not
/// printed.
#[derive(Clone, PartialEq, Eq)]
pub struct WorkflowArguments(pub ArgMatches);

impl fmt::Debug for WorkflowArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// A single phase or group that the operator selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseRequest {
    /// id of the phase or group
    pub id: String,
    pub flags: PhaseFlags,
}
