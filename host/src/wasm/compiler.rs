//! Compiles components to machine code: the program's own plugins in this process, third-party
//! plugins in a child process with little memory and processor time and without access to files or
//! the network.
//!
//! The child is this program, started with `CHILD_NAME` as its name. It reads the component from
//! standard input, writes the code to standard output, and writes errors to standard error. Another
//! child reads and validates the component before, because that can take as long as compiling.
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
mod child;

pub use child::run_child;

use super::{inspect::Outline, limits};
use crate::{cancel::Cancel, text::sanitise};
use anyhow::{Context, Result, anyhow, bail};
use rustix::{
    fs::{MemfdFlags, memfd_create},
    process::{Resource, Rlimit, Signal, setrlimit},
};
use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// The name that makes this program compile its standard input and do nothing else.
const CHILD_NAME: &str = "kubephase-compiles-a-component";
/// The argument that makes the child compile for an engine that reserves little address space.
const SMALL_ARGUMENT: &str = "small";
/// The argument that makes the child read and validate the component, and not compile it.
const READ_ARGUMENT: &str = "read";
/// The largest size of an outline's JSON, in bytes.
const MAX_OUTLINE_BYTES: u64 = 8 << 20;
/// Time between two checks of the parent, while the child compiles, whether the run was cancelled.
const CANCEL_POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The largest number of bytes of the child's standard error that are read.
const MAX_STDERR_BYTES: u64 = 16 << 10;
/// Parts of the messages that Rust's standard library and wasmtime print when they get no memory.
const NO_MEMORY_MESSAGES: [&str; 2] = ["memory allocation of ", "out of memory"];

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
pub struct CompilationLimits {
    /// Bytes of memory that the child may write to.
    pub memory: u64,
    /// Processor time, in seconds.
    pub processor: u64,
    /// Time until the child is killed, however busy the machine is.
    pub wall: Duration,
    /// Bytes of code that the child may write.
    pub code: u64,
}

impl CompilationLimits {
    /// Returns the limits for a component of this many bytes.
    pub fn for_component(component: usize) -> CompilationLimits {
        let beyond = u64::try_from(component.saturating_sub(limits::COMPILE_LARGE_BYTES))
            .unwrap_or(u64::MAX)
            .div_ceil(1 << 20);
        let memory = limits::COMPILE_MEMORY_BYTES
            .saturating_add(beyond.saturating_mul(limits::COMPILE_MEMORY_BYTES_PER_MIB));
        let processor = limits::COMPILE_PROCESSOR_SECONDS
            .saturating_add(beyond.saturating_mul(limits::COMPILE_PROCESSOR_SECONDS_PER_MIB));
        let processor = processor.min(limits::MAX_COMPILE_PROCESSOR_SECONDS);
        CompilationLimits {
            memory: memory.min(limits::MAX_COMPILE_MEMORY_BYTES),
            processor,
            wall: limits::COMPILE_TIME
                + Duration::from_secs(15 * (processor - limits::COMPILE_PROCESSOR_SECONDS)),
            code: limits::COMPILE_CODE_BYTES.saturating_add(
                u64::try_from(component)
                    .unwrap_or(u64::MAX)
                    .saturating_mul(4),
            ),
        }
    }
}

/// Compiles a component in a child process and writes its code to `code`, an empty file. With
/// `saves_address_space`, the child compiles for an engine that reserves little of it.
///
/// # Errors
/// The compiler refuses the component, the compilation reaches a limit, or the child cannot be
/// started.
pub(super) fn compile_in_child(
    component: &[u8],
    saves_address_space: bool,
    code: &File,
    cancel: &Cancel,
) -> Result<()> {
    let work = saves_address_space.then_some(SMALL_ARGUMENT);
    run(
        component,
        work,
        code,
        CompilationLimits::for_component(component.len()),
        cancel,
    )
}

/// Reads and validates a component in a child process.
///
/// # Errors
/// The component is not valid, reading it reaches a limit, or the child cannot be started.
pub(super) fn read_in_child(component: &[u8], cancel: &Cancel) -> Result<Outline> {
    let answer = memfd_create("outline", MemfdFlags::CLOEXEC);
    let mut answer =
        File::from(answer.context("cannot make a file for the outline of the component")?);
    let allowance = CompilationLimits {
        code: MAX_OUTLINE_BYTES,
        ..CompilationLimits::for_component(component.len())
    };
    run(component, Some(READ_ARGUMENT), &answer, allowance, cancel)?;
    let mut text = Vec::new();
    answer.rewind()?;
    answer.take(MAX_OUTLINE_BYTES).read_to_end(&mut text)?;
    let outline: Outline = serde_json::from_slice(&text)
        .map_err(|_| anyhow!("the child process did not return the outline of the component"))?;
    outline.check_size()?;
    Ok(outline)
}

/// Runs a child that reads a component, and writes its answer to a file.
fn run(
    component: &[u8],
    work: Option<&'static str>,
    answer: &File,
    allowance: CompilationLimits,
    cancel: &Cancel,
) -> Result<()> {
    let mut input = File::from(
        memfd_create("component", MemfdFlags::CLOEXEC)
            .context("cannot hand the component to the compiler")?,
    );
    input
        .write_all(component)
        .and_then(|()| input.rewind())
        .context("cannot hand the component to the compiler")?;
    let mut child = start(input, work, answer.try_clone()?, allowance)
        .context("cannot start the compiler, which is this program")?;
    let (ended, words) = wait(&mut child, allowance.wall, cancel);
    match ended {
        ChildEnd::Exited(status) if status.success() => Ok(()),
        ChildEnd::Exited(status) => Err(refusal(status, work, words.trim(), allowance)),
        ChildEnd::Late => bail!(
            "{} the component took more than {} s, the limit for a component of its size; \
             if this machine is busy, try again when it is not",
            verb(work),
            allowance.wall.as_secs()
        ),
        ChildEnd::Cancelled => bail!("{} the component was cancelled", verb(work)),
    }
}

/// Returns a limit that a process cannot raise.
fn exactly(most: u64) -> Rlimit {
    Rlimit {
        current: Some(most),
        maximum: Some(most),
    }
}

/// Starts the child. Its limits are set before its first instruction.
fn start(
    component: File,
    work: Option<&str>,
    answer: File,
    allowance: CompilationLimits,
) -> io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0(CHILD_NAME)
        .args(work)
        .env_clear()
        .current_dir("/");
    command
        .stdin(component)
        .stdout(answer)
        .stderr(Stdio::piped());
    // Ctrl-C signals only this process, which then ends the child.
    command.process_group(0);
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
        (Resource::Nofile, exactly(limits::MAX_COMPILE_FILES)),
    ];
    // SAFETY: between fork and exec only what is safe in a signal handler may be called. The
    // closure makes system calls (rustix calls the kernel itself) with values that it holds, and
    // allocates nothing.
    unsafe {
        command.pre_exec(move || {
            limits.into_iter().try_for_each(|(resource, limit)| {
                setrlimit(resource, limit).map_err(io::Error::from)
            })
        })
    };
    command.spawn()
}

/// The end of a child.
enum ChildEnd {
    Exited(ExitStatus),
    Late,
    Cancelled,
}

/// Waits until the child ends; kills it if its time is over or the run is cancelled. Returns how it
/// ended, and its standard error.
fn wait(child: &mut Child, wall: Duration, cancel: &Cancel) -> (ChildEnd, String) {
    let (done, listen) = mpsc::channel();
    let errors = child.stderr.take();
    // The child has closed its standard error when it has ended: the thread ends with it.
    let reader = thread::spawn(move || {
        let mut words = Vec::new();
        if let Some(mut errors) = errors {
            // Output that cannot be read is left out of the message.
            let _ = errors
                .by_ref()
                .take(MAX_STDERR_BYTES)
                .read_to_end(&mut words);
            let _ = io::copy(&mut errors, &mut io::sink());
        }
        let _ = done.send(());
        words
    });
    let until = Instant::now() + wall;
    let interrupted = loop {
        match listen.recv_timeout(CANCEL_POLL_INTERVAL) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) if cancel.is_requested() => {
                break Some(ChildEnd::Cancelled);
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                break Some(ChildEnd::Late);
            }
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
        (None, Ok(status)) => ChildEnd::Exited(status),
        (None, Err(_)) => ChildEnd::Late,
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

/// Describes what a child does with the component, for messages.
fn verb(work: Option<&str>) -> &'static str {
    if work == Some(READ_ARGUMENT) {
        "reading"
    } else {
        "compiling"
    }
}

/// Writes the message for a child that failed. Its standard error (`words`) quotes the component,
/// so line ends are escaped.
fn refusal(
    status: ExitStatus,
    work: Option<&str>,
    words: &str,
    allowance: CompilationLimits,
) -> anyhow::Error {
    let (words, verb) = (sanitise::line(words), verb(work));
    match status.signal().and_then(Signal::from_named_raw) {
        Some(Signal::XCPU) => limit_error(
            verb,
            &format!("{} s of processor time", allowance.processor),
        ),
        Some(Signal::XFSZ) => limit_error(verb, &format!("{} MiB of code", allowance.code >> 20)),
        _ if NO_MEMORY_MESSAGES.iter().any(|text| words.contains(text)) => {
            limit_error(verb, &format!("{} MiB of memory", allowance.memory >> 20))
        }
        // Most often the kernel does this when the machine is short of memory.
        Some(Signal::KILL) => anyhow!(
            "{verb} the component ended because the kernel killed the child process; this machine \
             may be short of memory"
        ),
        Some(signal) => anyhow!(
            "signal {} ended the child process while it was {verb} the component: {words}",
            signal.as_raw()
        ),
        None if work == Some(READ_ARGUMENT) => anyhow!("{words}"),
        None => anyhow!("the component cannot be compiled: {words}"),
    }
}

/// Writes the message for a component that reached a limit.
fn limit_error(verb: &str, limit: &str) -> anyhow::Error {
    anyhow!(
        "{verb} the component takes more than {limit}, the limit for a component of its size; \
         do not use it, or ask its author for a version with smaller functions"
    )
}

#[cfg(test)]
mod tests;
