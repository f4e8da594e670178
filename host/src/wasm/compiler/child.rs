//! The child process: it is confined before it reads the component.
use super::{CHILD_NAME, READ_ARGUMENT, SMALL_ARGUMENT};
use crate::wasm::{inspect::Outline, limits, runtime};
use anyhow::{Result, anyhow};
use rustix::process::Signal;
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    io::{self, Read, Write},
    process::ExitCode,
};

/// Does the work of the compiler if this process was started as one: compiles the component on
/// standard input, or reads its outline, and writes the result to standard output. `main` calls
/// this before anything else. Returns the exit code of the compiler; `None` if this process was
/// started as the ordinary program.
pub fn run_child() -> Option<ExitCode> {
    let mut arguments = env::args_os();
    if arguments.next() != Some(OsString::from(CHILD_NAME)) {
        return None;
    }
    let work = arguments.next();
    let work = work.as_deref().and_then(OsStr::to_str);
    let done = if work == Some(READ_ARGUMENT) {
        read_outline()
    } else {
        compile(work == Some(SMALL_ARGUMENT))
    };
    match done {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            // The parent may be gone.
            let _ = writeln!(io::stderr(), "{error:#}");
            Some(ExitCode::FAILURE)
        }
    }
}

/// Reads the component on standard input in this process, confined.
fn component() -> Result<Vec<u8>> {
    // This process ends with its parent. If the kernel refuses that, the limits on memory and time
    // still hold.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    // Some kernels have no seccomp; the limits on memory and time do not depend on it.
    let _ = confine();
    let mut component = Vec::new();
    io::stdin()
        .take(limits::MAX_COMPONENT as u64 + 1)
        .read_to_end(&mut component)?;
    Ok(component)
}

fn read_outline() -> Result<()> {
    let outline = Outline::read(&component()?)?;
    serde_json::to_writer(io::stdout().lock(), &outline)?;
    Ok(io::stdout().flush()?)
}

fn compile(saves_address_space: bool) -> Result<()> {
    let mut config = runtime::config(saves_address_space)?;
    config.parallel_compilation(false);
    let engine = wasmtime::Engine::new(&config).map_err(|error| anyhow!("{error:#}"))?;
    let code = engine
        .precompile_component(&component()?)
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
