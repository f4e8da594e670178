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
use std::{
    io::{self, Write},
    panic,
    process::{Command, Stdio},
    thread,
};

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
        let mut command = self.command_of_call(program, args)?;
        command.stdin(Stdio::null());
        // A supervisor kills every process that the program has started when the program ends.
        let leader = match leftovers {
            LeftoverProcesses::Killed => Leader::Supervisor,
            LeftoverProcesses::Kept => Leader::Program,
        };
        let (child, group) = ProcessGroup::spawn(&mut command, leader)
            .map_err(|error| start_failure(program, error))?;
        RunningProgram::new(program, child, group)?.finish(budget)
    }

    /// Runs a program with input, and waits until it ends. `write` writes the input, in a thread of
    /// its own. A program that ends before it has read everything ends the writing.
    ///
    /// # Errors
    /// Those of [`run`](Programs::run); `io` if the program succeeds but the input cannot be
    /// written.
    pub fn run_with_input(
        &self,
        program: &str,
        args: &[impl AsRef<str>],
        budget: &Budget,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
    ) -> WorldResult<ProgramOutput> {
        budget.check(program)?;
        let mut command = self.command_of_call(program, args)?;
        command.stdin(Stdio::piped());
        let (mut child, group) = ProcessGroup::spawn(&mut command, Leader::Program)
            .map_err(|error| start_failure(program, error))?;
        let input = child.stdin.take();
        let running = RunningProgram::new(program, child, group)?;
        thread::scope(|scope| {
            let writing = scope.spawn(move || match input {
                Some(mut input) => write(&mut input),
                None => Ok(()),
            });
            let output = running.finish(budget)?;
            let written = writing
                .join()
                .unwrap_or_else(|panic| panic::resume_unwind(panic));
            match written {
                Err(error) if output.status.success() => Err(run_failure(program, error)),
                _ => Ok(output),
            }
        })
    }

    /// Returns the command of a call, whose output is read.
    fn command_of_call(&self, program: &str, args: &[impl AsRef<str>]) -> WorldResult<Command> {
        let mut command = self.command(program)?;
        command.args(args.iter().map(AsRef::as_ref));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
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
