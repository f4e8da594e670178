//! Child processes: how this program runs programs of the node, for phases and for itself.
//!
//! A program gets its own process group, no standard input and an environment of at most three
//! variables. Its output is read while it runs, up to a limit. At the deadline, at the limit, and
//! when the run is cancelled, the whole group is ended.
//!
//! `group` has the process groups, `programs` finds and starts programs, `running` waits for a
//! program, `pipe` reads its output.
#![allow(clippy::disallowed_methods, reason = "this is where programs are run")]
mod group;
mod pipe;
mod programs;
mod running;

pub use group::{ProcessGroup, kill_all, run_tool};
pub use programs::{LeftoverProcesses, ProgramOutput, Programs};

use kubephase_wit::Failure;
use std::io;

/// Returns the failure to run a program.
fn run_failure(program: &str, error: impl Into<io::Error>) -> Failure {
    Failure::new("io", format!("cannot run {program}: {}", error.into()))
}

#[cfg(test)]
mod tests;
