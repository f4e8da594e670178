//! Finds the programs of the node, and sets the environment in which they run.
#![allow(
    clippy::disallowed_methods,
    reason = "this is where programs are looked for"
)]
use super::capabilities;
use crate::world::{
    Rights, WorldResult,
    files::{ResolvedPath, RootedFiles, is_trusted},
};
use kubephase_wit::{Failure, FailureCode};
use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

/// The system's directories of programs, in the order of the search. No plugin may write to them.
pub const SYSTEM_PROGRAM_DIRECTORIES: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];
/// The working directory of every program. It is fixed because some programs read files of their
/// working directory.
const WORKING_DIRECTORY: &str = "/";
/// Variables of the operator's environment that a program gets if the host runs it for itself.
const ENVIRONMENT: [&str; 2] = ["LANG", "HOME"];

/// The programs that the host may run.
#[derive(Clone, Debug)]
pub enum Programs {
    /// programs in the operator's `PATH`, with the operator's `HOME` and `LANG`; the host runs them
    /// for itself
    OfOperator {
        /// directories that are searched, in the form of `PATH`
        path: OsString,
    },
    /// programs in [`SYSTEM_PROGRAM_DIRECTORIES`] that only root can have put there, in an
    /// environment that no file of a user changes; the host runs them for phases
    OfSystem(Rights),
}

impl Programs {
    /// Returns the programs in the `PATH` of this process.
    pub fn from_path_variable() -> Programs {
        Programs::OfOperator {
            path: env::var_os("PATH").unwrap_or_default(),
        }
    }

    /// Returns the programs in one directory, then those in the `PATH` of this process.
    #[cfg(test)]
    pub fn with_directory_before_path(directory: &Path) -> Programs {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let directories = std::iter::once(directory.to_owned()).chain(env::split_paths(&inherited));
        Programs::OfOperator {
            path: env::join_paths(directories).unwrap(),
        }
    }

    /// Returns the path of a program; `None` if no directory has it. For a program of the system it
    /// is the real path, without links, so that the file that was checked is the file that runs.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        match self {
            Programs::OfOperator { path } => env::split_paths(path)
                .map(|directory| directory.join(program))
                .find(|path| is_executable(path)),
            Programs::OfSystem(_) => {
                let files = RootedFiles::open(Path::new("/")).ok()?;
                SYSTEM_PROGRAM_DIRECTORIES
                    .iter()
                    .filter_map(|directory| of_system(&files, &format!("{directory}/{program}")))
                    .find(|path| is_executable(path))
            }
        }
    }

    /// Makes the command that runs a program, in its environment and without arguments.
    ///
    /// # Errors
    /// `not-found` if there is no such program.
    pub(super) fn command(&self, program: &str) -> WorldResult<Command> {
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
            Programs::OfSystem(rights) => {
                let mut command = Command::new(self.path_of(program)?);
                command
                    .arg0(program)
                    .env_clear()
                    .env("PATH", SYSTEM_PROGRAM_DIRECTORIES.join(":"))
                    .env("HOME", WORKING_DIRECTORY)
                    .env("LANG", "C.UTF-8");
                if *rights == Rights::WithoutCapabilities {
                    capabilities::run_without(&mut command);
                }
                command
            }
        };
        command.current_dir(WORKING_DIRECTORY);
        Ok(command)
    }

    /// Returns the path of a program that is named by its path, or found by its name. Only root can
    /// have put the program there.
    fn path_of(&self, program: &str) -> WorldResult<PathBuf> {
        if program.starts_with('/') {
            return path_of_system(program);
        }
        self.find(program).ok_or_else(|| Failure {
            remedy: Some(
                "install it there, with all directories above it and the program itself owned by \
                 root and writable by nobody else"
                    .into(),
            ),
            ..Failure::new(
                FailureCode::NotFound,
                format!(
                    "cannot run {program}: none of the system's directories has it ({})",
                    SYSTEM_PROGRAM_DIRECTORIES.join(", ")
                ),
            )
        })
    }
}

/// Returns the real path of a program of the system that is named by its path.
fn path_of_system(program: &str) -> WorldResult<PathBuf> {
    let files = RootedFiles::open(Path::new("/"))
        .map_err(|error| Failure::new(FailureCode::Io, format!("cannot run {program}: {error}")))?;
    let found = of_system(&files, program).filter(|path| is_executable(path));
    found.ok_or_else(|| Failure {
        remedy: Some(
            "have all directories above the program and the program itself owned by root and \
             writable by nobody else"
                .into(),
        ),
        ..Failure::new(
            FailureCode::NotFound,
            format!("cannot run {program}: no program is there that only root can replace"),
        )
    })
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Returns the real path of a program, if only root (or this user) can have put it there and can
/// replace it: no other user may write to the directories above the program, or above any link that
/// leads to it. So the path cannot change meanwhile either.
fn of_system(files: &RootedFiles, path: &str) -> Option<PathBuf> {
    let way = ResolvedPath::follow(files, path).ok()?;
    let directories = way.links.iter().filter_map(|link| Path::new(link).parent());
    let is_closed = directories
        .chain([Path::new(&way.real)])
        .all(|path| path.ancestors().all(is_closed_to_others));
    is_closed.then(|| way.real.into())
}

/// Whether no user but root (or this user) can change a directory or file.
fn is_closed_to_others(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| is_trusted(meta.uid(), meta.mode()))
}

#[cfg(test)]
mod tests;
