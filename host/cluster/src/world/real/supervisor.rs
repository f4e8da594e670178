//! A supervisor: a process between this program and a program that it runs for a phase. It kills
//! all processes that the program leaves behind, including those that left the program's process
//! group or session (`setsid`), and then ends with the exit status of the program.
//!
//! The kernel gives a process whose parent has ended to the nearest ancestor that is a "child
//! subreaper". This program is not a subreaper: several programs run at the same time, and an
//! orphan does not show which of them started it, nor whether it is a service that a service
//! manager started and that has to stay. A supervisor has a single program, so all its orphans are
//! processes of that program. A program evades its supervisor only if another process does its
//! work, as with `systemctl start`.
//!
//! The supervisor is a forked copy of this program that executes nothing. Between fork and exec
//! only what is safe in a signal handler may be called, so all functions here make system calls and
//! allocate nothing.
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
    process::{
        Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, getpid,
        kill_process, kill_process_group, set_child_subreaper, set_parent_process_death_signal,
        setpgid, setrlimit, wait, waitid,
    },
};
use std::{ffi::CStr, io, mem::MaybeUninit, os::unix::process::CommandExt, process::Command, ptr};

/// The signal by which a supervisor asks its program to end.
pub const TERMINATE: Signal = Signal::TERM;
/// The signal that makes a supervisor kill its program and all processes that the program started.
/// The kernel sends it too, when this program ends.
pub const KILL: Signal = Signal::USR1;

/// The children of the supervisor's only thread. On a kernel without this file only the program
/// itself is killed.
const CHILDREN: &CStr = c"/proc/thread-self/children";
/// The largest number of searches of a supervisor for processes that are left. The limit ends the
/// search even if a program starts processes faster than they are killed.
const MAX_SEARCHES: usize = 100_000;

/// Makes a command start a supervisor, which starts the program. The child that the caller gets is
/// the supervisor.
pub fn supervise(command: &mut Command) {
    // SAFETY: between fork and exec only what is safe in a signal handler may be called. `split`
    // and what it calls make system calls with values on the stack and allocate nothing; fork is
    // safe in a signal handler.
    unsafe { command.pre_exec(split) };
}

/// Divides a process that is about to execute a program. The process itself becomes the supervisor,
/// and this function does not return in it. It returns in a child, which then executes the program.
fn split() -> io::Result<()> {
    set_child_subreaper(Some(getpid()))?;
    set_parent_process_death_signal(Some(KILL))?;
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // All signals are blocked in the supervisor: it waits for them, and no handler of this program
    // runs in it.
    let all = all_signals();
    // SAFETY: both sets are variables that outlive the call. The standard library has a single
    // thread here.
    let program = unsafe {
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, before.as_mut_ptr());
        libc::fork()
    };
    if program < 0 {
        return Err(io::Error::last_os_error());
    }
    if let Some(program) = Pid::from_raw(program) {
        supervise_until_end(program);
    }
    // The program has a group of its own: a program that signals its group does not mean the
    // supervisor.
    setpgid(None, None)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // SAFETY: the call above has filled the set.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    Ok(())
}

fn all_signals() -> libc::sigset_t {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset fills the set, and does not fail for a valid pointer.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        all.assume_init()
    }
}

/// Waits until the program ends or is to be killed, kills the processes that are left, and ends
/// with the exit status of the program.
fn supervise_until_end(program: Pid) -> ! {
    // The reader of the program's output waits until all copies of the pipe are closed, so the
    // supervisor closes its copies. SAFETY: the supervisor uses no file that this program has open,
    // and the descriptors are its own copies.
    unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) };
    wait_for(program);
    // The program was not reaped yet, so no other process or group has its id.
    let _ = kill_process_group(program, Signal::KILL);
    let _ = kill_process(program, Signal::KILL);
    end_as(reap_all(program))
}

/// Whether a program has ended. Does not reap it, so its exit status can still be read.
fn has_ended(program: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(
        waitid(WaitId::Pid(program), options),
        Ok(None) | Err(Errno::INTR)
    )
}

/// Waits until the program has ended, or [`KILL`] asks to kill it. Passes [`TERMINATE`] on to the
/// program's group.
fn wait_for(program: Pid) {
    let all = all_signals();
    while !has_ended(program) {
        let mut signal = 0;
        // SAFETY: both are variables that outlive the call, and all signals are blocked.
        unsafe { libc::sigwait(&raw const all, &raw mut signal) };
        if signal == KILL.as_raw() {
            return;
        }
        if signal == TERMINATE.as_raw() {
            let _ = kill_process_group(program, TERMINATE);
        }
    }
}

/// Kills and reaps all children until there are none: the children of one that was killed come to
/// the supervisor. Returns the status of the program, which is among them.
fn reap_all(program: Pid) -> Option<WaitStatus> {
    let mut status = None;
    for _ in 0..MAX_SEARCHES {
        let has_killed = kill_children();
        // If nothing was killed and the program has ended, no other child is going to end.
        let options = if has_killed || status.is_none() {
            WaitOptions::empty()
        } else {
            WaitOptions::NOHANG
        };
        match wait(options) {
            Ok(Some((process, ended))) if process == program => status = Some(ended),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) | Err(_) => break,
        }
    }
    status
}

/// Kills the children of this process. Returns whether there were any.
fn kill_children() -> bool {
    let Ok(list) = rustix::fs::open(CHILDREN, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
    else {
        return false;
    };
    // Children that do not fit are found by the next search.
    let mut text = [0; 4096];
    let Ok(length) = rustix::io::read(&list, &mut text) else {
        return false;
    };
    let mut has_killed = false;
    // A number without a space behind it may be cut off.
    for number in text[..length]
        .split_inclusive(|byte| *byte == b' ')
        .filter_map(|number| number.strip_suffix(b" "))
    {
        let id = number.iter().try_fold(0_i32, |id, digit| {
            id.checked_mul(10)?
                .checked_add(i32::from(digit.wrapping_sub(b'0')))
        });
        let Some(child) = id.and_then(Pid::from_raw) else {
            continue;
        };
        // In a container `/proc` may be that of another namespace, where other processes have these
        // ids.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::Pid(child), options).is_ok() {
            let _ = kill_process(child, Signal::KILL);
            has_killed = true;
        }
    }
    has_killed
}

/// Ends this process with the exit status of the program, or by the signal that ended the program.
fn end_as(status: Option<WaitStatus>) -> ! {
    if let Some(signal) = status.and_then(WaitStatus::terminating_signal) {
        // Prevents a core dump, which would hold the memory of this program.
        let _ = setrlimit(
            Resource::Core,
            Rlimit {
                current: Some(0),
                maximum: Some(0),
            },
        );
        let all = all_signals();
        // SAFETY: the handler is the system's, the set is a variable that outlives the call, and
        // nothing else runs here.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::sigprocmask(libc::SIG_UNBLOCK, &raw const all, ptr::null_mut());
            libc::raise(signal);
        }
    }
    let code = status.and_then(WaitStatus::exit_status).unwrap_or(1);
    // SAFETY: nothing of this program is to be done at the end of its copy.
    unsafe { libc::_exit(code) }
}
