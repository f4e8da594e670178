//! Child processes: how this program runs programs of the node, for phases and for itself.
//!
//! A program gets its own process group and no standard input; `programs` says where it is found
//! and which environment it gets. Its output is read while it runs, up to a limit. At the deadline,
//! at the limit, and when the run is cancelled, the whole group is ended. A program of which nothing
//! may stay has a supervisor (`supervisor.rs`), which ends also what left the group.
#![allow(clippy::disallowed_methods, reason = "this is where programs are run")]
use super::{programs::Programs, supervisor};
use crate::{
    cancel::Cancel,
    world::{Tried, budget::Budget},
};
use kubephase_wit::Failure;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open},
};
use std::{
    collections::BTreeMap,
    io::{self, Read},
    mem,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{self, Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a group may take to end after SIGTERM before it gets SIGKILL.
const GRACE: Duration = Duration::from_millis(500);
/// How often cancellation is checked while a program runs.
const SLICE: Duration = Duration::from_millis(25);
/// How long output is still read after the program has ended: a process that the program left
/// behind may hold the pipe open.
const DRAIN: Duration = Duration::from_millis(200);
/// Process groups of running programs, by the id of their leader: they end with this program.
static GROUPS: Mutex<BTreeMap<i32, Leader>> = Mutex::new(BTreeMap::new());

/// The process that this program started for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leader {
    /// the program itself
    Program,
    /// its supervisor, which ends it and all that came of it
    Supervisor,
}

impl Leader {
    /// Ends the program and its group: politely, so that the program may ignore it, or by force.
    /// What has ended meanwhile needs no signal.
    fn end(self, leader: Pid, by_force: bool) {
        let _ = match (self, by_force) {
            (Leader::Program, false) => kill_process_group(leader, Signal::TERM),
            (Leader::Program, true) => kill_process_group(leader, Signal::KILL),
            (Leader::Supervisor, false) => kill_process(leader, supervisor::TERMINATE),
            (Leader::Supervisor, true) => kill_process(leader, supervisor::KILL),
        };
    }
}

fn groups() -> MutexGuard<'static, BTreeMap<i32, Leader>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills all running programs, because this program ends at once. From then on no program is
/// started.
pub fn kill_all() {
    let groups = groups();
    for (id, leader) in groups.iter() {
        if let Some(id) = Pid::from_raw(*id) {
            leader.end(id, true);
        }
    }
    // A thread that would start a program waits for the lock of the list until this program has
    // ended.
    mem::forget(groups);
}

/// The process group of a running program. Until this is dropped, the group is on the list of those
/// that end with this program.
pub struct Group {
    id: Pid,
    leader: Leader,
}

impl Group {
    /// Starts a program that leads a process group of its own. `start` returns the program and its
    /// process id.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start<T>(start: impl FnOnce() -> io::Result<(T, Pid)>) -> io::Result<(T, Group)> {
        Group::start_led_by(Leader::Program, start)
    }

    fn start_led_by<T>(
        leader: Leader,
        start: impl FnOnce() -> io::Result<(T, Pid)>,
    ) -> io::Result<(T, Group)> {
        // The lock is held meanwhile, so that no signal comes between the start and the entry in
        // the list.
        let mut groups = groups();
        let (program, id) = start()?;
        groups.insert(id.as_raw_nonzero().get(), leader);
        Ok((program, Group { id, leader }))
    }

    fn spawn(command: &mut Command, leader: Leader) -> io::Result<(Child, Group)> {
        if leader == Leader::Supervisor {
            supervisor::supervise(command);
        }
        Group::start_led_by(leader, || {
            let child = command.process_group(0).spawn()?;
            let id = Pid::from_child(&child);
            Ok((child, id))
        })
    }

    /// Asks all processes of the group to end.
    fn terminate(&self) {
        self.leader.end(self.id, false);
    }

    /// Kills all processes of the group.
    pub fn kill(&self) {
        self.leader.end(self.id, true);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        groups().remove(&self.id.as_raw_nonzero().get());
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
    let (child, _group) = Group::spawn(command, Leader::Program)?;
    child.wait_with_output()
}

/// The output of a program, and its exit status.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text; bytes that are not UTF-8 are replaced.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are not UTF-8 are replaced.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// How processes are treated that a program leaves behind when it exits before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// They are killed, whichever group or session they made for themselves: nothing outlives the
    /// call.
    Killed,
    /// They stay: a service manager may have started them for the node.
    Left,
}

impl Programs {
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
        remains: Remains,
        budget: &Budget,
    ) -> Tried<Output> {
        budget.check(program)?;
        let mut command = self.command(program)?;
        command.args(args.iter().map(AsRef::as_ref));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let leader = match remains {
            Remains::Killed => Leader::Supervisor,
            Remains::Left => Leader::Program,
        };
        let (child, group) = Group::spawn(&mut command, leader).map_err(|error| {
            let code = if error.kind() == io::ErrorKind::NotFound {
                "not-found"
            } else {
                "io"
            };
            Failure::new(code, format!("cannot run {program}: {error}"))
        })?;
        Running::new(program, child, group)?.finish(budget)
    }
}

/// A running program. Dropping it kills the program if it still runs, reaps it, and takes its group
/// off the list.
struct Running<'a> {
    program: &'a str,
    child: Child,
    group: Group,
    /// A file descriptor (pidfd) that is readable once the program has ended.
    ended: OwnedFd,
}

impl<'a> Running<'a> {
    fn new(program: &'a str, mut child: Child, group: Group) -> Tried<Running<'a>> {
        match pidfd_open(group.id, PidfdFlags::empty()) {
            Ok(ended) => Ok(Running {
                program,
                child,
                group,
                ended,
            }),
            Err(error) => {
                end_group(&group, &mut child);
                Err(failed(program, error.into()))
            }
        }
    }

    /// Reads the output of the program until it ends, and ends it if its budget is spent.
    fn finish(mut self, budget: &Budget) -> Tried<Output> {
        let mut pipes = [
            Pipe::new(self.child.stdout.take().map(OwnedFd::from), self.program)?,
            Pipe::new(self.child.stderr.take().map(OwnedFd::from), self.program)?,
        ];
        let outcome = self.read(&mut pipes, budget);
        // The group is signalled before the program is reaped: until then no other group can get
        // its id.
        if outcome.is_err() {
            self.end();
        }
        let status = self
            .child
            .wait()
            .map_err(|error| failed(self.program, error));
        outcome?;
        let [stdout, stderr] = pipes.map(|pipe| pipe.content);
        Ok(Output {
            status: status?,
            stdout,
            stderr,
        })
    }

    /// Reads both pipes until the program has ended and closed them.
    fn read(&self, pipes: &mut [Pipe; 2], budget: &Budget) -> Tried<()> {
        let mut drain: Option<Instant> = None;
        loop {
            budget.check(&format!("`{}`", self.program))?;
            let left = drain.map_or(SLICE, |drain| {
                drain.saturating_duration_since(Instant::now())
            });
            let is_drained = pipes.iter().all(|pipe| pipe.end.is_none());
            if drain.is_some() && (is_drained || left.is_zero()) {
                return Ok(());
            }
            wait(&self.ended, drain.is_none(), pipes, left.min(SLICE))
                .map_err(|error| failed(self.program, error))?;
            for at in 0..pipes.len() {
                let spent: usize = pipes.iter().map(|pipe| pipe.content.len()).sum();
                if !pipes[at]
                    .read(budget.bytes.saturating_sub(spent))
                    .map_err(|error| failed(self.program, error))?
                {
                    return Err(budget.exceeded(&format!("the output of `{}`", self.program)));
                }
            }
            if drain.is_none() && has_ended(&self.ended) {
                drain = Some(Instant::now() + DRAIN);
            }
        }
    }

    /// Ends the whole group: with SIGTERM, and after [`GRACE`] with SIGKILL.
    fn end(&mut self) {
        self.group.terminate();
        let until = Instant::now() + GRACE;
        while !has_ended(&self.ended) && Instant::now() < until {
            Cancel::never().wait(Duration::from_millis(5));
        }
        self.group.kill();
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            end_group(&self.group, &mut self.child);
        }
    }
}

/// Kills a group and reaps its program.
fn end_group(group: &Group, child: &mut Child) {
    group.kill();
    let _ = child.wait();
}

/// The reading end of a pipe that a program writes into, and what was read.
struct Pipe {
    /// The pipe; none once the other end is closed.
    end: Option<std::fs::File>,
    content: Vec<u8>,
}

impl Pipe {
    fn new(end: Option<OwnedFd>, program: &str) -> Tried<Pipe> {
        if let Some(end) = &end {
            rustix::io::ioctl_fionbio(end, true).map_err(|error| failed(program, error.into()))?;
        }
        Ok(Pipe {
            end: end.map(std::fs::File::from),
            content: Vec::new(),
        })
    }

    /// Reads what is in the pipe. Returns false if that is more than `room` bytes.
    fn read(&mut self, mut room: usize) -> io::Result<bool> {
        let mut chunk = [0; 16 << 10];
        while let Some(end) = &mut self.end {
            match end.read(&mut chunk) {
                Ok(0) => self.end = None,
                Ok(read) if read > room => return Ok(false),
                Ok(read) => {
                    room -= read;
                    self.content.extend_from_slice(&chunk[..read]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Waits until a pipe has something to read, the program has ended (if `with_end`), or the time is
/// over.
fn wait(ended: &OwnedFd, with_end: bool, pipes: &[Pipe; 2], time: Duration) -> io::Result<()> {
    let readable = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
    let ends = pipes
        .iter()
        .filter_map(|pipe| pipe.end.as_ref())
        .map(|end| readable(end.as_fd()));
    let mut fds: Vec<PollFd> = with_end
        .then(|| readable(ended.as_fd()))
        .into_iter()
        .chain(ends)
        .collect();
    let time = Timespec::try_from(time).map_err(io::Error::other)?;
    match poll(&mut fds, Some(&time)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether the program of a pidfd has ended.
fn has_ended(ended: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(ended, PollFlags::IN)];
    poll(
        &mut fds,
        Some(&Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        }),
    )
    .is_ok_and(|ready| ready > 0)
}

fn failed(program: &str, error: io::Error) -> Failure {
    Failure::new("io", format!("cannot run {program}: {error}"))
}

#[cfg(test)]
mod tests;
