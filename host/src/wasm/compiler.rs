//! Compiles components to machine code: the program's own plugins in this process, third-party
//! plugins in a child process with little memory and processor time and without access to files or
//! the network.
//!
//! The child is this program, started with `CHILD` as its name. It reads the component from
//! standard input, writes the code to standard output, and writes errors to standard error.
//!
//! The child returns machine code that this process will run, and wasmtime checks only the header
//! of that code. A component that takes over the compiler could therefore return code of its own.
//! That is accepted: compiled in this process, such a component would take over this process, and
//! the compiler is memory-safe code that is made for untrusted input. What the child keeps away
//! from this process is the *cost* of compiling: a component that needs six gigabytes or two
//! minutes only ends the child, and the operator reads one message.
#![allow(
    clippy::disallowed_methods,
    reason = "the compiler is this program, not a program of the node"
)]
use super::{engine, limits};
use crate::cancel::Cancel;
use anyhow::{Context, Result, anyhow, bail};
use rustix::{
    fs::{MemfdFlags, memfd_create},
    process::{Resource, Rlimit, Signal, setrlimit},
};
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs::File,
    io::{self, Read, Seek, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// The name that makes this program compile its standard input and do nothing else.
const CHILD: &str = "kubephase-compiles-a-component";
/// The argument that makes the child compile for an engine that reserves little address space.
const SMALL: &str = "small";
/// How often the parent checks whether the run was cancelled while the child compiles.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes of the child's standard error that are read.
const MAX_WORDS: u64 = 16 << 10;
/// Parts of the messages that Rust's standard library and wasmtime print when they get no memory.
const NO_MEMORY: [&str; 2] = ["memory allocation of ", "out of memory"];

/// The place where third-party components are compiled. The program's own components are always
/// compiled in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// In a child process, as the program does.
    ChildProcess,
    /// In this process, without limits: for executables that cannot serve as the child, such as
    /// unit tests.
    ThisProcess,
}

/// The limits of one compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes of memory that the child may write to.
    pub memory: u64,
    /// Processor time, in seconds.
    pub processor: u64,
    /// Time until the child is killed, however busy the machine is.
    pub wall: Duration,
    /// Bytes of code that the child may write.
    pub code: u64,
}

impl Allowance {
    /// The limits for a component of this many bytes.
    pub fn of(component: usize) -> Allowance {
        let beyond = u64::try_from(component.saturating_sub(limits::COMPILE_LARGE))
            .unwrap_or(u64::MAX)
            .div_ceil(1 << 20);
        let memory = limits::COMPILE_MEMORY
            .saturating_add(beyond.saturating_mul(limits::COMPILE_MEMORY_MORE));
        let processor = limits::COMPILE_PROCESSOR
            .saturating_add(beyond.saturating_mul(limits::COMPILE_PROCESSOR_MORE));
        let processor = processor.min(limits::MAX_COMPILE_PROCESSOR);
        Allowance {
            memory: memory.min(limits::MAX_COMPILE_MEMORY),
            processor,
            wall: limits::COMPILE_WALL
                + Duration::from_secs(60 * (processor - limits::COMPILE_PROCESSOR)),
            code: limits::COMPILE_CODE.saturating_add(
                u64::try_from(component)
                    .unwrap_or(u64::MAX)
                    .saturating_mul(4),
            ),
        }
    }
}

/// Compiles a component in a child process and writes its code to `code`, an empty file.
///
/// # Errors
/// The compiler's error, the limit that the compilation reached, or the reason why the child cannot
/// be started.
pub(super) fn compile_in_child(
    component: &[u8],
    small: bool,
    code: &File,
    cancel: &Cancel,
) -> Result<()> {
    let allowance = Allowance::of(component.len());
    let mut input = File::from(
        memfd_create("component", MemfdFlags::CLOEXEC)
            .context("cannot hand the component to the compiler")?,
    );
    input
        .write_all(component)
        .and_then(|()| input.rewind())
        .context("cannot hand the component to the compiler")?;
    let mut child = start(input, small, code.try_clone()?, allowance)
        .context("cannot start the compiler, which is this program")?;
    let (ended, words) = wait(&mut child, allowance.wall, cancel);
    match ended {
        Ended::Exited(status) if status.success() => Ok(()),
        Ended::Exited(status) => Err(refusal(status, words.trim(), allowance)),
        Ended::Late => bail!(
            "compiling the component took more than {} s, the limit for a component of its size; \
             if this machine is busy, try again when it is not",
            allowance.wall.as_secs()
        ),
        Ended::Cancelled => bail!("compiling the component was cancelled"),
    }
}

/// Starts the child, limited before its first instruction.
fn start(component: File, small: bool, code: File, allowance: Allowance) -> io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0(CHILD)
        .args(small.then_some(SMALL))
        .env_clear()
        .current_dir("/");
    command.stdin(component).stdout(code).stderr(Stdio::piped());
    // Ctrl-C signals only this process, which then ends the child.
    command.process_group(0);
    let exactly = |most: u64| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    let limits = [
        (Resource::Core, exactly(0)),
        (Resource::Data, exactly(allowance.memory)),
        (
            Resource::Cpu,
            Rlimit {
                current: Some(allowance.processor),
                maximum: Some(allowance.processor + 1),
            },
        ),
        (Resource::Fsize, exactly(allowance.code)),
        (Resource::Nofile, exactly(limits::COMPILE_FILES)),
    ];
    let limit = move || {
        limits
            .into_iter()
            .try_for_each(|(resource, limit)| setrlimit(resource, limit).map_err(io::Error::from))
    };
    // SAFETY: between fork and exec only what is safe in a signal handler may be called. The
    // closure makes system calls (rustix calls the kernel itself) with values that it holds, and
    // allocates nothing.
    unsafe { command.pre_exec(limit) };
    command.spawn()
}

/// The end of a child.
enum Ended {
    Exited(ExitStatus),
    Late,
    Cancelled,
}

/// Waits until the child ends; kills it if its time is over or the run is cancelled. Returns how it
/// ended, and its standard error.
fn wait(child: &mut Child, wall: Duration, cancel: &Cancel) -> (Ended, String) {
    let (done, listen) = mpsc::channel();
    let errors = child.stderr.take();
    // The child has closed its standard error when it has ended: the thread ends with it.
    let reader = thread::spawn(move || {
        let mut words = Vec::new();
        if let Some(mut errors) = errors {
            // Output that cannot be read is left out of the message.
            let _ = errors.by_ref().take(MAX_WORDS).read_to_end(&mut words);
            let _ = io::copy(&mut errors, &mut io::sink());
        }
        let _ = done.send(());
        words
    });
    let until = Instant::now() + wall;
    let interrupted = loop {
        match listen.recv_timeout(LOOK) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) if cancel.is_requested() => {
                break Some(Ended::Cancelled);
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() >= until => break Some(Ended::Late),
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    // Killing a child that has ended does nothing. A child that closed its standard error but still
    // runs is useless.
    if interrupted.is_some() || !has_ended(child) {
        let _ = child.kill();
    }
    let ended = match (interrupted, child.wait()) {
        (Some(interrupted), _) => interrupted,
        (None, Ok(status)) => Ended::Exited(status),
        (None, Err(_)) => Ended::Late,
    };
    let words = reader.join().unwrap_or_default();
    (ended, String::from_utf8_lossy(&words).into_owned())
}

/// Whether the child exits within a second. It closes its files a moment before it exits.
fn has_ended(child: &mut Child) -> bool {
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_millis(1)),
            Ok(Some(_)) | Err(_) => return true,
        }
    }
    false
}

/// Writes the message for a child that did not compile the component.
fn refusal(status: ExitStatus, words: &str, allowance: Allowance) -> anyhow::Error {
    let memory = || beyond(&format!("{} MiB of memory", allowance.memory >> 20));
    match status.signal().and_then(Signal::from_named_raw) {
        Some(Signal::XCPU) => beyond(&format!("{} s of processor time", allowance.processor)),
        Some(Signal::XFSZ) => beyond(&format!("{} MiB of code", allowance.code >> 20)),
        _ if NO_MEMORY.iter().any(|no_memory| words.contains(no_memory)) => memory(),
        // The hard limit of processor time was reached, or the kernel is short of memory.
        Some(Signal::KILL) => beyond("the memory of this machine"),
        Some(signal) => anyhow!(
            "the compiler was ended by signal {} when it compiled the component: {words}",
            signal.as_raw()
        ),
        None => anyhow!("the component cannot be compiled: {words}"),
    }
}

/// Writes the message for a component that reached a limit.
fn beyond(limit: &str) -> anyhow::Error {
    anyhow!(
        "compiling the component takes more than {limit}, the limit for a component of its size; \
         do not use it, or ask its author for one that has smaller functions"
    )
}

/// Compiles the component on standard input if this process was started as the compiler. `main`
/// calls this before anything else. Returns the exit code of the compiler; none if this process was
/// started as the ordinary program.
pub fn run_child() -> Option<ExitCode> {
    let mut arguments = env::args_os();
    if arguments.next() != Some(OsString::from(CHILD)) {
        return None;
    }
    let small = arguments.next() == Some(OsString::from(SMALL));
    match child(small) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            // The parent may be gone.
            let _ = writeln!(io::stderr(), "{error:#}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn child(small: bool) -> Result<()> {
    // If the parent ends, its child ends too. The limits do not depend on this.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let mut config = engine::config(small)?;
    config.parallel_compilation(false);
    let engine = wasmtime::Engine::new(&config).map_err(|error| anyhow!("{error:#}"))?;
    // Some kernels have no seccomp; the limits on memory and time do not depend on it.
    let _ = confine();
    let mut component = Vec::new();
    io::stdin()
        .take(limits::MAX_COMPONENT as u64 + 1)
        .read_to_end(&mut component)?;
    let code = engine
        .precompile_component(&component)
        .map_err(|error| anyhow!("{error:#}"))?;
    io::stdout().write_all(&code)?;
    Ok(io::stdout().flush()?)
}

/// Confines this process by seccomp to the system calls of compiling: private memory, its open
/// files, the clock. From then on the kernel refuses to open files and sockets, to start processes
/// and threads, and to share memory.
fn confine() -> Result<()> {
    let private = SeccompCondition::new(
        3,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(libc::MAP_SHARED as u64),
        0,
    )?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = SYSTEM_CALLS
        .iter()
        .map(|call| (*call, Vec::new()))
        .collect();
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![private])?]);
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(
        rules,
        refuse,
        SeccompAction::Allow,
        env::consts::ARCH.try_into()?,
    )?;
    // Applying the filter also sets no_new_privs: set-user-ID programs no longer give this process
    // other rights.
    let filter: seccompiler::BpfProgram = filter.try_into()?;
    Ok(seccompiler::apply_filter(&filter)?)
}

/// System calls that compiling needs, beside `mmap`.
const SYSTEM_CALLS: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_read,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    libc::SYS_write,
    libc::SYS_writev,
];

#[cfg(test)]
mod tests;
