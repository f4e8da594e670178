//! Running a program until it ends.
use super::{
    group::{Leader, ProcessGroup},
    output::ProgramOutput,
    run_failure,
    running::RunningProgram,
};
use crate::{
    budget::Budget,
    world::{WorldResult, real::programs::Programs},
};
use kubephase_wit::{Failure, FailureCode};
use std::{io, process::Stdio};

/// The fate of processes that a program leaves behind when it exits before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftoverProcesses {
    /// They are killed, including those in a process group or session of their own: nothing
    /// outlives the call.
    Killed,
    /// They stay: a service manager may have started them for the node.
    Kept,
}

impl Programs {
    /// Runs a program and waits until it ends.
    ///
    /// # Errors
    /// `not-found` if there is no such program, `limit` if it prints more than the budget allows,
    /// `timeout` at the deadline, `cancelled` if the run is cancelled, `io` if the operating system
    /// refuses to run it.
    pub fn run(
        &self,
        program: &str,
        args: &[impl AsRef<str>],
        leftovers: LeftoverProcesses,
        budget: &Budget,
    ) -> WorldResult<ProgramOutput> {
        budget.check(program)?;
        let mut command = self.command(program)?;
        command.args(args.iter().map(AsRef::as_ref));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A supervisor kills every process that the program has started when the program ends.
        let leader = match leftovers {
            LeftoverProcesses::Killed => Leader::Supervisor,
            LeftoverProcesses::Kept => Leader::Program,
        };
        let (child, group) = ProcessGroup::spawn(&mut command, leader)
            .map_err(|error| start_failure(program, error))?;
        RunningProgram::new(program, child, group)?.finish(budget)
    }
}

fn start_failure(program: &str, error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        Failure {
            code: FailureCode::NotFound.to_string(),
            ..run_failure(program, error)
        }
    } else {
        run_failure(program, error)
    }
}
