//! Waiting for a program: its output is read until it ends or its budget is spent.
use super::{ProcessGroup, ProgramOutput, pipe::Pipe, run_failure};
use crate::{budget::Budget, cancel::Cancel, world::WorldResult};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{PidfdFlags, pidfd_open},
};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    process::Child,
    time::{Duration, Instant},
};

/// Time that a group of processes gets to end after SIGTERM, before it gets SIGKILL.
const GRACE: Duration = Duration::from_millis(500);
/// Time between two checks for cancellation while a program runs.
const SLICE: Duration = Duration::from_millis(25);
/// The longest time for which output is read after the program has ended: a process that the
/// program left behind may hold the pipe open.
const DRAIN: Duration = Duration::from_millis(200);

/// A running program. Dropping it kills the program if it still runs, reaps it, and takes its group
/// off the list of groups that end with this program.
pub(super) struct RunningProgram<'a> {
    program: &'a str,
    child: Child,
    group: ProcessGroup,
    /// A file descriptor (pidfd) that is readable once the program has ended.
    ended: OwnedFd,
}

impl<'a> RunningProgram<'a> {
    /// Watches a program that was started. Kills it if it cannot be watched.
    ///
    /// # Errors
    /// `io` if the operating system refuses.
    pub(super) fn new(
        program: &'a str,
        mut child: Child,
        group: ProcessGroup,
    ) -> WorldResult<RunningProgram<'a>> {
        match pidfd_open(group.id, PidfdFlags::empty()) {
            Ok(ended) => Ok(RunningProgram {
                program,
                child,
                group,
                ended,
            }),
            Err(error) => {
                group.kill_and_reap(&mut child);
                Err(run_failure(program, error))
            }
        }
    }

    /// Reads the output of the program until it ends, and ends it if its budget is spent.
    ///
    /// # Errors
    /// `limit` if the output is longer than the budget allows; `timeout` or `cancelled` if the
    /// budget ends before the program; `io` if the operating system refuses.
    pub(super) fn finish(mut self, budget: &Budget) -> WorldResult<ProgramOutput> {
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
            .map_err(|error| run_failure(self.program, error));
        outcome?;
        let [stdout, stderr] = pipes.map(|pipe| pipe.content);
        Ok(ProgramOutput {
            status: status?,
            stdout,
            stderr,
        })
    }

    /// Reads both pipes until the program has ended and they are closed, or [`DRAIN`] is over.
    fn read(&self, pipes: &mut [Pipe; 2], budget: &Budget) -> WorldResult<()> {
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
                .map_err(|error| run_failure(self.program, error))?;
            for at in 0..pipes.len() {
                let spent: usize = pipes.iter().map(|pipe| pipe.content.len()).sum();
                if !pipes[at]
                    .read(budget.bytes.saturating_sub(spent))
                    .map_err(|error| run_failure(self.program, error))?
                {
                    return Err(budget.size_failure(&format!("the output of `{}`", self.program)));
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

impl Drop for RunningProgram<'_> {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.group.kill_and_reap(&mut self.child);
        }
    }
}

/// Waits until a pipe has something to read, the program has ended (if `with_end`), or the time is
/// over.
fn wait(ended: &OwnedFd, with_end: bool, pipes: &[Pipe; 2], time: Duration) -> io::Result<()> {
    let ends = pipes.iter().filter_map(|pipe| pipe.end.as_ref());
    let mut fds: Vec<PollFd> = with_end
        .then(|| PollFd::new(ended, PollFlags::IN))
        .into_iter()
        .chain(ends.map(|end| PollFd::from_borrowed_fd(end.as_fd(), PollFlags::IN)))
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
