//! Exit codes: the one table from which help and documentation come, and the one function that
//! gives every class of error its code.
use super::CliError;
use crate::{
    config::Problems,
    event::RunResult,
    plan::{PlanError, PlanErrors},
    plugin::refused::PluginRefused,
};
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
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning.
    pub const TABLE: [(Exit, &str); 8] = [
        (Exit::Ok, "done"),
        (Exit::Error, "any other error"),
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
            "preflight checks failed; nothing was changed, but images may have been pulled",
        ),
        (
            Exit::Phase,
            "a phase failed, or a check after something was changed; run the command again to \
             continue",
        ),
        (Exit::Plugin, "a plugin is refused; nothing was changed"),
        (
            Exit::Interrupted,
            "interrupted; run the command again to continue",
        ),
    ];

    /// The code as a number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The table as text, one code a line.
    pub fn table() -> String {
        let mut text = String::from("Exit codes:\n");
        for (exit, meaning) in Exit::TABLE {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {:<4} {meaning}", exit.code());
        }
        text
    }
}

/// Returns the exit code of an error. Context around the error does not change its class.
pub fn exit_code(error: &anyhow::Error) -> Exit {
    if let Some(refusal) = error.downcast_ref::<CliError>() {
        return refusal.exit;
    }
    if let Some(PlanErrors(errors)) = error.downcast_ref() {
        return errors.first().map_or(Exit::Usage, plan_exit_code);
    }
    if error.is::<Problems>() {
        return Exit::Config;
    }
    if error.is::<PluginRefused>() {
        return Exit::Plugin;
    }
    Exit::Error
}

/// A wrong name or choice is a mistake of the command line. That a plan is not possible is a
/// mistake of the configuration.
fn plan_exit_code(error: &PlanError) -> Exit {
    match error {
        PlanError::UnknownName { .. } | PlanError::Unresolved(_) => Exit::Usage,
        PlanError::UnknownNeed { .. } => Exit::Plugin,
        PlanError::Cycle(_)
        | PlanError::NoStandIn { .. }
        | PlanError::UnknownPlugin { .. }
        | PlanError::SlotTaken { .. } => Exit::Config,
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
        ExitCode::from(self.code())
    }
}

#[cfg(test)]
mod tests;
