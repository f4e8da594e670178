//! Process groups of running programs, which end with this program.
use crate::world::real::supervisor;
use parking_lot::{Mutex, MutexGuard};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::{
    collections::BTreeMap,
    io, mem,
    os::unix::process::CommandExt,
    process::{self, Child, Command, Stdio},
};

/// Process groups of running programs, by the id of their leader. They end with this program.
static GROUPS: Mutex<BTreeMap<i32, Leader>> = Mutex::new(BTreeMap::new());

/// The process that this program started for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leader {
    /// The program itself.
    Program,
    /// Its supervisor, which ends the program and all processes that the program has started.
    Supervisor,
}

impl Leader {
    /// Asks the program and its group to end, which the program may ignore. A group that has ended
    /// meanwhile needs no signal.
    fn terminate(self, leader: Pid) {
        let _ = match self {
            Leader::Program => kill_process_group(leader, Signal::TERM),
            Leader::Supervisor => kill_process(leader, supervisor::TERMINATE),
        };
    }

    /// Kills the program and its group. A group that has ended meanwhile needs no signal.
    fn kill(self, leader: Pid) {
        let _ = match self {
            Leader::Program => kill_process_group(leader, Signal::KILL),
            Leader::Supervisor => kill_process(leader, supervisor::KILL),
        };
    }
}

fn groups() -> MutexGuard<'static, BTreeMap<i32, Leader>> {
    GROUPS.lock()
}

/// Kills all running programs, because this program ends at once. From then on no program is
/// started.
pub fn kill_all() {
    let groups = groups();
    for (id, leader) in groups.iter() {
        if let Some(id) = Pid::from_raw(*id) {
            leader.kill(id);
        }
    }
    // A thread that would start a program waits for the lock of the list until this program has
    // ended.
    mem::forget(groups);
}

/// The process group of a running program. Until this is dropped, the group is on the list of those
/// that end with this program.
pub struct ProcessGroup {
    /// The process id of the leader.
    pub(super) id: Pid,
    leader: Leader,
}

impl ProcessGroup {
    /// Starts a program that leads a process group of its own. `start` returns the program and its
    /// process id.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start<T>(start: impl FnOnce() -> io::Result<(T, Pid)>) -> io::Result<(T, ProcessGroup)> {
        ProcessGroup::start_led_by(Leader::Program, start)
    }

    fn start_led_by<T>(
        leader: Leader,
        start: impl FnOnce() -> io::Result<(T, Pid)>,
    ) -> io::Result<(T, ProcessGroup)> {
        // The lock is held meanwhile, so that no signal comes between the start and the entry in
        // the list.
        let mut groups = groups();
        let (program, id) = start()?;
        groups.insert(id.as_raw_nonzero().get(), leader);
        Ok((program, ProcessGroup { id, leader }))
    }

    /// Starts a program, or a supervisor of it, that leads a process group of its own.
    pub(super) fn spawn(
        command: &mut Command,
        leader: Leader,
    ) -> io::Result<(Child, ProcessGroup)> {
        if leader == Leader::Supervisor {
            supervisor::supervise(command);
        }
        ProcessGroup::start_led_by(leader, || {
            let child = command.process_group(0).spawn()?;
            let id = Pid::from_child(&child);
            Ok((child, id))
        })
    }

    /// Asks all processes of the group to end.
    pub(super) fn terminate(&self) {
        self.leader.terminate(self.id);
    }

    /// Kills all processes of the group.
    pub fn kill(&self) {
        self.leader.kill(self.id);
    }

    /// Kills all processes of the group, and waits for its program to end.
    pub(super) fn kill_and_reap(&self, child: &mut Child) {
        self.kill();
        let _ = child.wait();
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        groups().remove(&self.id.as_raw_nonzero().get());
    }
}

/// Runs a tool of the operator's until it ends, with the operator's environment and without a
/// limit. The tool and all that it started end with this program.
///
/// # Errors
/// The tool cannot be run.
pub fn run_tool(command: &mut Command) -> io::Result<process::Output> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (child, _group) = ProcessGroup::spawn(command, Leader::Program)?;
    child.wait_with_output()
}

/// Runs a tool like [`run_tool`]. What the tool prints goes to the standard error of this program
/// and is not part of the result.
///
/// # Errors
/// The tool cannot be run.
pub fn run_tool_shown(command: &mut Command) -> io::Result<process::Output> {
    run_tool_printing(command, io::stderr().into())
}

/// Runs a tool like [`run_tool_shown`], with another place for its standard output.
///
/// # Errors
/// The tool cannot be run.
pub fn run_tool_printing(command: &mut Command, stdout: Stdio) -> io::Result<process::Output> {
    command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::inherit());
    let (child, _group) = ProcessGroup::spawn(command, Leader::Program)?;
    child.wait_with_output()
}
