//! Child processes: how this program runs programs of the node, for phases and for itself.
//!
//! A program gets its own process group and no standard input. Its output is read while it runs, up
//! to a limit. At the deadline, at the limit, and when the run is cancelled, the whole group is
//! ended. If no process of a program may outlive it, the program has a supervisor, which also ends
//! the processes that left the group.
//!
//! `group` has the process groups, `run` starts a program, `running` waits for it, `pipe` reads its
//! `output`. Where programs are found and in which environment they run is in
//! [`real::programs`](super::programs), the supervisor in `real::supervisor`.
#![allow(clippy::disallowed_methods, reason = "this is where programs are run")]
mod group;
mod output;
mod pipe;
mod run;
mod running;

pub use group::{ProcessGroup, kill_all, run_tool, run_tool_printing, run_tool_shown};
pub use output::ProgramOutput;
pub use run::LeftoverProcesses;

use kubephase_wit::{Failure, FailureCode};
use std::io;

/// Returns the failure to run a program.
fn run_failure(program: &str, error: impl Into<io::Error>) -> Failure {
    Failure::new(
        FailureCode::Io,
        format!("cannot run {program}: {}", error.into()),
    )
}

#[cfg(test)]
mod tests;
