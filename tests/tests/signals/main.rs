//! Signals to the running program: the first ends a run in order, a second one ends the process at
//! once, and nothing temporary stays.
//!
//! Interrupts while a hostile plugin or server delays the run are in `../hostile/cancellation/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod children;
mod dry_runs;
mod serving;

use harness::{quick_config, workspace};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    path::Path,
    process::{Child, ExitStatus},
    thread,
    time::{Duration, Instant},
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Longest time between a signal and the end that it causes.
const LONGEST_END: Duration = Duration::from_secs(20);

/// Longest time that a test waits for an event.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until the program has ended.
pub fn wait_for_end(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    while began.elapsed() < LONGEST_END {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    panic!("the program did not end");
}

/// Returns flags for a configuration of one node.
pub fn example_flags(folder: &Path) -> [String; 4] {
    let example = workspace().join("examples/single-node");
    let config = folder.join("cluster.yaml");
    quick_config(&config, "");
    [
        "--config".into(),
        config.display().to_string(),
        "--node".into(),
        example.join("node.yaml").display().to_string(),
    ]
}
