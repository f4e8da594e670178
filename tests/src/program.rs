//! Running the program to its end.
use crate::workspace;
use std::process::{Command, Output};

/// Returns a command that runs the program with an environment of its own. All tests share one
/// cache, so that each component is compiled once.
pub fn kubephase(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("NO_COLOR", "1")
        .env("KUBEPHASE_CACHE_DIR", workspace().join("target/test-cache"));
    for name in ["PATH", "HOME", "TMPDIR"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

/// The exit code and the output of a program that has ended.
pub struct RunOutput {
    /// the exit code; -1 if a signal ended the program
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl RunOutput {
    /// Returns standard output and standard error, in this order.
    pub fn printed(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Returns standard output and standard error, in this order.
    ///
    /// # Panics
    /// If the exit code is not 0.
    #[track_caller]
    pub fn expect_success(self) -> String {
        assert_eq!(self.status, 0, "{}", self.printed());
        self.printed()
    }
}

impl From<Output> for RunOutput {
    fn from(output: Output) -> Self {
        RunOutput {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command to its end.
///
/// # Panics
/// If the command cannot be started.
#[track_caller]
pub fn run(command: &mut Command) -> RunOutput {
    command
        .output()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
        .into()
}
