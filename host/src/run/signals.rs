//! Signals: SIGINT, SIGTERM and SIGHUP end a run in an orderly way; a second signal ends the
//! process at once.
//!
//! While no run is under way (during planning, discovery or registry access) the first signal ends
//! the process at once: there is nothing to clean up on the node. When a signal ends the process,
//! its child processes are ended and its temporary directories are removed.
#![allow(
    clippy::disallowed_methods,
    reason = "temporary trees are the program's own, and so is its state in /proc"
)]
use crate::{
    cancel::{Cancel, Urgency},
    world::real::child,
};
use parking_lot::{Mutex, MutexGuard};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    thread,
};

static STATE: Mutex<State> = Mutex::new(State {
    reaction: None,
    run: None,
    temporary: BTreeSet::new(),
    credentials: None,
});

/// The reaction of the program to a signal.
#[derive(Clone, Copy)]
pub struct Reaction {
    /// Prints a line for the operator.
    pub say: fn(&str),
    /// The exit code of a process that ends at once.
    pub exit_code: i32,
}

/// Everything that a signal has to end or remove.
struct State {
    reaction: Option<Reaction>,
    /// The run that is under way.
    run: Option<Cancel>,
    /// Directories that are removed when the process ends.
    temporary: BTreeSet<PathBuf>,
    /// Removes credentials that the run needs on disk. Called only if the process ends at once.
    credentials: Option<Box<dyn Fn() + Send>>,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock()
}

/// Listens for signals from now on, in a thread of its own. Signals that the parent process had
/// ignored stay ignored (nohup).
///
/// # Errors
/// The operating system refuses the signal handlers or the thread.
pub fn listen(reaction: Reaction) -> std::io::Result<()> {
    state().reaction = Some(reaction);
    let ignored = ignored_signals();
    let wanted = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| ignored & (1 << (signal - 1)) == 0);
    let mut signals = Signals::new(wanted)?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for _ in signals.forever() {
                deliver();
            }
        })?;
    Ok(())
}

/// Returns the mask of ignored signals from `/proc/self/status`; bit 0 stands for signal 1.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Handles one signal: requests the end of the run, or ends the process.
fn deliver() {
    let (run, reaction) = {
        let state = state();
        (state.run.clone(), state.reaction)
    };
    if let Some(run) = run {
        run.request();
        if run.urgency() != Urgency::Immediate {
            if let Some(reaction) = reaction {
                (reaction.say)(
                    "Interrupted: the run stops as soon as it can; a second signal ends it at \
                     once.",
                );
            }
            return;
        }
    }
    end()
}

/// Ends the process with its child processes, credentials and temporary directories.
fn end() -> ! {
    child::kill_all();
    let state = state();
    if let Some(remove) = &state.credentials {
        remove();
    }
    for directory in &state.temporary {
        // Phases may still write into the directory meanwhile. What is left after five attempts
        // stays, with its modes.
        for _ in 0..5 {
            if fs::remove_dir_all(directory).is_ok() {
                break;
            }
        }
    }
    std::process::exit(state.reaction.map_or(1, |reaction| reaction.exit_code))
}

/// A run that signals interrupt, until this value is dropped.
pub struct InterruptibleRun {
    cancel: Cancel,
}

impl InterruptibleRun {
    /// Registers a run for signals. There is at most one at a time.
    pub fn begin() -> InterruptibleRun {
        let cancel = Cancel::new();
        state().run = Some(cancel.clone());
        InterruptibleRun { cancel }
    }

    /// Returns the token that a signal requests.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Sets the function that removes the run's credentials if the process ends at once.
    pub fn remove_credentials_with(&self, remove: impl Fn() + Send + 'static) {
        state().credentials = Some(Box::new(remove));
    }
}

impl Drop for InterruptibleRun {
    fn drop(&mut self) {
        let mut state = state();
        state.run = None;
        state.credentials = None;
    }
}

/// The registration of a temporary directory, which is removed if a signal ends the process at
/// once. Dropping this value ends the registration.
pub struct TemporaryRegistration {
    path: PathBuf,
}

impl TemporaryRegistration {
    /// Registers a directory for removal.
    pub fn register(path: &Path) -> TemporaryRegistration {
        state().temporary.insert(path.to_owned());
        TemporaryRegistration {
            path: path.to_owned(),
        }
    }
}

impl Drop for TemporaryRegistration {
    fn drop(&mut self) {
        state().temporary.remove(&self.path);
    }
}
