//! Signals: SIGINT, SIGTERM and SIGHUP end a run in order; a second one ends the process at once.
//!
//! While no run is under way (planning, discovery, a registry) the first signal already ends the process: there is nothing
//! to put in order. However the process ends, child processes and temporary scratch trees do not outlive it.
#![allow(clippy::disallowed_methods, reason = "temporary trees are the program's own, and so is its state in /proc")]
use super::{Exit, print};
use crate::{
    cancel::{Cancel, Urgency},
    world::real::child,
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

static STATE: Mutex<State> = Mutex::new(State { run: None, temporary: BTreeSet::new(), credentials: None });

struct State {
    /// The run that is under way.
    run: Option<Cancel>,
    /// Directories that go with the process.
    temporary: BTreeSet<PathBuf>,
    /// Removes credentials that the run under way still needs.
    credentials: Option<Box<dyn Fn() + Send>>,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens for signals from now on, in a thread of its own. Signals that the parent process had ignored stay ignored (nohup).
///
/// # Errors
/// Where the operating system takes no handler.
pub fn listen() -> std::io::Result<()> {
    let ignored = ignored_signals();
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    let mut signals = Signals::new(wanted)?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in signals.forever() {
            deliver();
        }
    })?;
    Ok(())
}

/// The mask of ignored signals, as the kernel shows it; bit 0 is signal 1.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn deliver() {
    let run = state().run.clone();
    if let Some(run) = run {
        run.request();
        if run.urgency() != Urgency::Immediate {
            print::hint("Interrupted: the run stops as soon as it can; a second signal ends it at once.");
            return;
        }
    }
    end()
}

/// Ends the process, and what must not outlive it.
fn end() -> ! {
    child::kill_all();
    let state = state();
    if let Some(remove) = &state.credentials {
        remove();
    }
    for directory in &state.temporary {
        // Phases may still write into it meanwhile. Whatever is left after that stays, with the modes it has.
        for _ in 0..5 {
            if fs::remove_dir_all(directory).is_ok() {
                break;
            }
        }
    }
    std::process::exit(Exit::Interrupted.code().into())
}

/// A run that signals are delivered to, for as long as this is there.
pub struct Interruptible {
    cancel: Cancel,
}

impl Interruptible {
    /// Begins a run; there is one at a time.
    pub fn begin() -> Interruptible {
        let cancel = Cancel::new();
        state().run = Some(cancel.clone());
        Interruptible { cancel }
    }

    /// The token that a signal requests.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// What removes credentials if the process ends at once while the run needs them.
    pub fn at_once(&self, remove: impl Fn() + Send + 'static) {
        state().credentials = Some(Box::new(remove));
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        let mut state = state();
        state.run = None;
        state.credentials = None;
    }
}

/// A temporary directory that is removed with the process, also when a signal ends that at once.
pub struct Temporary {
    path: PathBuf,
}

impl Temporary {
    pub fn register(path: &Path) -> Temporary {
        state().temporary.insert(path.to_owned());
        Temporary { path: path.to_owned() }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        state().temporary.remove(&self.path);
    }
}
