//! Finding and starting programs.
use super::{ProcessGroup, run_failure, running::RunningProgram};
use crate::world::{Tried, budget::Budget};
use kubephase_wit::Failure;
use std::{
    env,
    ffi::OsString,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

/// Variables of the operator's environment that a program gets.
const ENVIRONMENT: [&str; 3] = ["PATH", "LANG", "HOME"];

/// Directories in which programs are looked for, in the form of `PATH`.
#[derive(Clone, Debug)]
pub struct Programs {
    path: OsString,
}

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

/// How processes are treated that a program leaves behind in its group when it exits before its
/// deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftoverProcesses {
    /// They are killed: nothing outlives the call.
    Killed,
    /// They stay: a service manager may have started them for the node.
    Kept,
}

impl Programs {
    /// Returns the directories in the `PATH` of this process.
    pub fn of_this_process() -> Programs {
        Programs {
            path: env::var_os("PATH").unwrap_or_default(),
        }
    }

    /// Returns a directory, followed by those of `PATH` of this process.
    #[cfg(test)]
    pub fn with_first(directory: &Path) -> Programs {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let directories = [directory.to_owned()]
            .into_iter()
            .chain(env::split_paths(&inherited));
        Programs {
            path: env::join_paths(directories).unwrap(),
        }
    }

    /// Returns the path of a program; none if no directory has it.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        env::split_paths(&self.path)
            .map(|directory| directory.join(program))
            .find(|path| is_executable(path))
    }

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
        let mut command = Command::new(program);
        command.args(args.iter().map(AsRef::as_ref));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
            .env_clear()
            .envs(
                ENVIRONMENT
                    .iter()
                    .filter_map(|name| Some((name, env::var_os(name)?))),
            )
            .env("PATH", &self.path);
        let (child, group) =
            ProcessGroup::spawn(&mut command).map_err(|error| start_failure(program, error))?;
        RunningProgram::new(program, child, group, leftovers)?.finish(budget)
    }
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
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
