//! Running a program until it ends.
use super::{
    group::{Leader, ProcessGroup},
    run_failure,
    running::RunningProgram,
};
use crate::world::{Tried, budget::Budget, real::programs::Programs};
use kubephase_wit::Failure;
use std::{
    io,
    process::{ExitStatus, Stdio},
};

/// The output of a program, and its exit status.
#[derive(Debug)]
pub struct ProgramOutput {
    /// How the program ended.
    pub status: ExitStatus,
    /// Bytes of its standard output.
    pub stdout: Vec<u8>,
    /// Bytes of its standard error.
    pub stderr: Vec<u8>,
}

impl ProgramOutput {
    /// Returns standard output as text; bytes that are not UTF-8 are replaced.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns standard error as text; bytes that are not UTF-8 are replaced.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// How processes are treated that a program leaves behind when it exits before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftoverProcesses {
    /// They are killed, also those that made a group or session of their own: nothing outlives the
    /// call.
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
    ) -> Tried<ProgramOutput> {
        budget.check(program)?;
        let mut command = self.command(program)?;
        command.args(args.iter().map(AsRef::as_ref));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
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
            code: "not-found".into(),
            ..run_failure(program, error)
        }
    } else {
        run_failure(program, error)
    }
}
