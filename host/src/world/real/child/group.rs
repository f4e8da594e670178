//! Process groups of running programs, which end with this program.
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    collections::BTreeSet,
    io, mem,
    os::unix::process::CommandExt,
    process::{self, Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Process groups of running programs, which end with this program.
static GROUPS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn groups() -> MutexGuard<'static, BTreeSet<i32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills all running programs, because this program ends at once. From then on no program is
/// started.
pub fn kill_all() {
    let groups = groups();
    for group in groups.iter().filter_map(|group| Pid::from_raw(*group)) {
        // A group that has ended meanwhile needs no signal.
        let _ = kill_process_group(group, Signal::KILL);
    }
    // A thread that would start a program waits for the lock of the list until this program has
    // ended.
    mem::forget(groups);
}

/// The process group of a running program. Until this is dropped, the group is on the list of those
/// that end with this program.
pub struct ProcessGroup(pub(super) Pid);

impl ProcessGroup {
    /// Starts a program that leads a process group of its own. `start` returns the program and its
    /// process id.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start<T>(start: impl FnOnce() -> io::Result<(T, Pid)>) -> io::Result<(T, ProcessGroup)> {
        // The lock is held meanwhile, so that no signal comes between the start and the entry in
        // the list.
        let mut groups = groups();
        let (program, leader) = start()?;
        groups.insert(leader.as_raw_nonzero().get());
        Ok((program, ProcessGroup(leader)))
    }

    /// Starts a program that leads a process group of its own.
    pub(super) fn spawn(command: &mut Command) -> io::Result<(Child, ProcessGroup)> {
        ProcessGroup::start(|| {
            let child = command.process_group(0).spawn()?;
            let leader = Pid::from_child(&child);
            Ok((child, leader))
        })
    }

    /// Sends a signal to all processes of the group. A group that has ended needs none.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.0, signal);
    }

    /// Kills the group and waits for its program to end.
    pub(super) fn kill(&self, child: &mut Child) {
        self.signal(Signal::KILL);
        let _ = child.wait();
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        groups().remove(&self.0.as_raw_nonzero().get());
    }
}

/// Runs a tool of the operator's until it ends, with the operator's environment and without a
/// limit. The tool and all that it started end with this program.
///
/// # Errors
/// If the tool cannot be run.
pub fn run_tool(command: &mut Command) -> io::Result<process::Output> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (child, _group) = ProcessGroup::spawn(command)?;
    child.wait_with_output()
}
