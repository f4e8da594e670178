//! Runs of the program that are measured: exit code, output, time, and peak memory as the kernel
//! counts it.

mod kernel;
mod result;
mod running;

use harness::kubephase;
use kernel::peak_memory_of;
pub use result::{Answer, MAX_MEMORY, RunResult};
pub use running::Running;
use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Longest time of a run: twelve times what a hostile plugin may take, for loaded machines.
pub const LONGEST_RUN: Duration = Duration::from_secs(60);

/// Longest time of a run with a plugin that does not wait. A debug build is slower.
pub const LONGEST_RUN_WITHOUT_WAITS: Duration =
    Duration::from_secs(if cfg!(debug_assertions) { 15 } else { 5 });

/// Returns a command that runs the program in a folder, with an environment of its own.
pub fn program(folder: &Path) -> Command {
    let temporary = folder.join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    let mut command = kubephase(PROGRAM);
    command
        .current_dir(folder)
        .env("TMPDIR", temporary)
        .env("HOME", folder);
    command
}

/// Runs a command to its end.
///
/// # Panics
/// If it does not end, panics, is killed by a signal, or uses too much memory.
pub fn run(folder: &Path, command: &mut Command) -> RunResult {
    let running = start(folder, command);
    running.wait(LONGEST_RUN).expect_orderly_end(command)
}

/// Starts a command in a process group of its own; its output goes to files of the folder.
pub fn start(folder: &Path, command: &mut Command) -> Running {
    let output = ["stdout", "stderr"].map(|name| {
        let unique = tempfile::Builder::new()
            .prefix(name)
            .tempfile_in(folder)
            .unwrap();
        unique.keep().unwrap().1
    });
    let [stdout, stderr] = &output;
    command
        .stdin(Stdio::null())
        .stdout(File::create(stdout).unwrap())
        .stderr(File::create(stderr).unwrap())
        .process_group(0);
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    Running {
        child,
        began: Instant::now(),
        output,
        inherited_peak: peak_memory_of("self"),
    }
}
