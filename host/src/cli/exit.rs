//! Exit codes: the table from which help and documentation come. `exit_code` has the code of each
//! class of error.
use crate::{event::RunResult, program::Program};
use std::fmt::Write;
use std::process::{ExitCode, Termination};

/// The exit code of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    #[default]
    Ok = 0,
    Error = 1,
    Usage = 2,
    Config = 3,
    Preflight = 4,
    Phase = 5,
    Plugin = 6,
    NotCompared = 7,
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning.
    pub const TABLE: [(Exit, &str); 9] = [
        (Exit::Ok, "done"),
        (
            Exit::Error,
            "any other error; of `diff`: there is a difference",
        ),
        (
            Exit::Usage,
            "the command line is wrong: unknown command, flag or phase, bad value",
        ),
        (
            Exit::Config,
            "the configuration is refused; nothing was changed",
        ),
        (
            Exit::Preflight,
            "preflight checks, or checks of `doctor`, failed; nothing was changed, but images may \
             have been pulled",
        ),
        (
            Exit::Phase,
            "a phase failed, or a check after something was changed; run the command again to \
             continue",
        ),
        (Exit::Plugin, "a plugin is refused; nothing was changed"),
        (Exit::NotCompared, "`diff` could not compare"),
        (
            Exit::Interrupted,
            "interrupted; run the command again to continue",
        ),
    ];

    /// Returns the code as a number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the table as text, one code a line.
    pub fn table() -> String {
        if Program::current() == Program::Kubeadm {
            return "Exit codes: 0 (done) and 1 (any error)\n".to_owned();
        }
        let mut text = String::from("Exit codes:\n");
        for (exit, meaning) in Exit::TABLE {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {:<4} {meaning}", exit.code());
        }
        text
    }
}

impl From<&RunResult> for Exit {
    fn from(result: &RunResult) -> Self {
        match result {
            RunResult::Done => Exit::Ok,
            RunResult::PreflightFailed => Exit::Preflight,
            RunResult::Failed { .. } => Exit::Phase,
            RunResult::Cancelled => Exit::Interrupted,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        match (Program::current(), self) {
            (_, Exit::Ok) => ExitCode::SUCCESS,
            (_, Exit::Interrupted) | (Program::Kubephase, _) => ExitCode::from(self.code()),
            // kubeadm has a single code for all errors.
            (Program::Kubeadm, _) => ExitCode::from(Exit::Error.code()),
        }
    }
}

#[cfg(test)]
mod tests;
