//! Where the programs of the node are found, and in which environment they run.
#![allow(
    clippy::disallowed_methods,
    reason = "this is where programs are looked for"
)]
use crate::world::{Tried, files::is_trusted};
use kubephase_wit::Failure;
use std::{
    env,
    ffi::OsString,
    fs, io,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

/// The system's directories of programs, the first one first. No plugin writes in these.
pub const SYSTEM: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];
/// Where every program runs: a program may look into its working directory for what it is to do.
const WORKING_DIRECTORY: &str = "/";
/// Variables of the operator's environment that programs get which the host runs for itself.
const ENVIRONMENT: [&str; 2] = ["LANG", "HOME"];

/// The programs that the host may run.
#[derive(Clone, Debug)]
pub enum Programs {
    /// those of the operator's `PATH`, with the operator's `HOME` and `LANG`: what the host runs
    /// for itself
    OfOperator {
        /// directories in which they are looked for, in the form of `PATH`
        path: OsString,
    },
    /// those of [`SYSTEM`] that only root can have put there, in an environment that no file of a
    /// user has a part in: what the host runs for phases
    OfSystem,
}

impl Programs {
    /// The programs in the `PATH` of this process.
    pub fn of_this_process() -> Programs {
        Programs::OfOperator {
            path: env::var_os("PATH").unwrap_or_default(),
        }
    }

    /// The programs in one directory, then those in the `PATH` of this process.
    #[cfg(test)]
    pub fn with_first(directory: &Path) -> Programs {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let directories = std::iter::once(directory.to_owned()).chain(env::split_paths(&inherited));
        Programs::OfOperator {
            path: env::join_paths(directories).unwrap(),
        }
    }

    /// Returns the path of a program; none if no directory has it.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        match self {
            Programs::OfOperator { path } => env::split_paths(path)
                .map(|directory| directory.join(program))
                .find(|path| is_executable(path)),
            Programs::OfSystem => SYSTEM
                .iter()
                .map(|directory| Path::new(directory).join(program))
                .find(|path| is_executable(path) && is_of_system(path)),
        }
    }

    /// Makes the command that runs a program, in its environment and without arguments.
    ///
    /// # Errors
    /// `not-found` if there is no such program.
    pub(super) fn command(&self, program: &str) -> Tried<Command> {
        let mut command = match self {
            Programs::OfOperator { path } => {
                let mut command = Command::new(program);
                let inherited = ENVIRONMENT.map(|name| (name, env::var_os(name)));
                command.env_clear().env("PATH", path).envs(
                    inherited
                        .into_iter()
                        .filter_map(|(name, value)| Some((name, value?))),
                );
                command
            }
            Programs::OfSystem => {
                let mut command = Command::new(self.path_of(program)?);
                command
                    .arg0(program)
                    .env_clear()
                    .env("PATH", SYSTEM.join(":"))
                    .env("HOME", WORKING_DIRECTORY)
                    .env("LANG", "C.UTF-8");
                command
            }
        };
        command.current_dir(WORKING_DIRECTORY);
        Ok(command)
    }

    /// The path of a program that is named by its path, or found by its name.
    fn path_of(&self, program: &str) -> Tried<PathBuf> {
        if program.starts_with('/') {
            return Ok(program.into());
        }
        let not_found = || Failure {
            remedy: Some(
                "install it there, with all directories above it and the program itself owned by \
                 root and writable by nobody else"
                    .into(),
            ),
            ..Failure::new(
                "not-found",
                format!(
                    "cannot run {program}: none of the system's directories has it ({})",
                    SYSTEM.join(", ")
                ),
            )
        };
        self.find(program).ok_or_else(not_found)
    }
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Whether only root (or this user) can have put a program there and can replace it: the program
/// that a path leads to, its directory, and all directories above both.
fn is_of_system(path: &Path) -> bool {
    let is_closed = |path: PathBuf| {
        path.ancestors().all(|above| {
            fs::symlink_metadata(above).is_ok_and(|meta| is_trusted(meta.uid(), meta.mode()))
        })
    };
    let directory = path
        .parent()
        .map_or(Err(io::ErrorKind::NotFound.into()), Path::canonicalize);
    [directory, path.canonicalize()]
        .into_iter()
        .all(|real| real.is_ok_and(is_closed))
}

#[cfg(test)]
mod tests;
