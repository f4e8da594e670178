//! The cancellation of a run: a token by which a signal of the operator ends the run.
//!
//! `run/signals.rs` requests the end. The executor, waits, child processes and network clients poll
//! the token or sleep on it. This module knows neither signals nor phases.
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// The urgency with which a run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// The run goes on.
    None,
    /// The run stops between effects. An effect that waits gives up. `regardless` effects are still
    /// carried out.
    Orderly,
    /// The process ends at once.
    Immediate,
}

/// A token that says whether a run is to end. All clones share one state, which only ever becomes
/// more urgent.
#[derive(Clone, Default)]
pub struct Cancel(Arc<CancelState>);

#[derive(Default)]
struct CancelState {
    /// An [`Urgency`] as a number, readable without the lock.
    urgency: AtomicU8,
    /// Tokens that become as urgent as this one. The lock also orders requests and sleepers.
    children: Mutex<Vec<Weak<CancelState>>>,
    /// Wakes threads that sleep in [`Cancel::wait`].
    requested: Condvar,
    /// Wakes tasks that wait in [`Cancel::requested`].
    tasks: Notify,
}

impl Cancel {
    /// Returns a token whose end is not yet requested.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Returns a token whose end is never requested: for tests, and for work that is not part of a
    /// run.
    pub fn never() -> Cancel {
        Cancel::default()
    }

    /// Returns a child token. Requesting the end of this token also requests the child's end, but
    /// not the other way round.
    #[must_use]
    pub fn child(&self) -> Cancel {
        let child = Cancel::new();
        let mut children = self.0.children();
        children.retain(|child| child.strong_count() > 0);
        children.push(Arc::downgrade(&child.0));
        child
            .0
            .urgency
            .store(self.0.urgency.load(Ordering::Acquire), Ordering::Release);
        drop(children);
        child
    }

    /// Requests the end: the first request makes it orderly, every further request makes it
    /// immediate.
    pub fn request(&self) {
        let next = match self.urgency() {
            Urgency::None => Urgency::Orderly,
            Urgency::Orderly | Urgency::Immediate => Urgency::Immediate,
        };
        self.0.raise(next);
    }

    /// Returns how urgently the run is to end.
    pub fn urgency(&self) -> Urgency {
        match self.0.urgency.load(Ordering::Acquire) {
            0 => Urgency::None,
            1 => Urgency::Orderly,
            _ => Urgency::Immediate,
        }
    }

    /// Whether the end was requested, however urgently.
    pub fn is_requested(&self) -> bool {
        self.urgency() != Urgency::None
    }

    /// Sleeps for a time, or until the end is requested. Returns whether it was requested.
    pub fn wait(&self, time: Duration) -> bool {
        // A time that overflows the clock means to sleep without a limit.
        let until = Instant::now().checked_add(time);
        let mut children = self.0.children();
        while !self.is_requested() {
            let left = until.map_or(Duration::from_secs(3600), |until| {
                until.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            self.0.requested.wait_for(&mut children, left);
        }
        true
    }

    /// Completes when the end is requested.
    pub async fn requested(&self) {
        loop {
            let woken = self.0.tasks.notified();
            tokio::pin!(woken);
            // From here on a request wakes this task, so that no request is missed between the
            // check and the wait.
            woken.as_mut().enable();
            if self.is_requested() {
                return;
            }
            woken.await;
        }
    }
}

impl CancelState {
    fn children(&self) -> MutexGuard<'_, Vec<Weak<CancelState>>> {
        self.children.lock()
    }

    /// Makes this token and its children at least this urgent, and wakes all threads and tasks that
    /// wait on them.
    fn raise(&self, urgency: Urgency) {
        let children = self.children();
        self.urgency.fetch_max(urgency as u8, Ordering::AcqRel);
        self.requested.notify_all();
        self.tasks.notify_waiters();
        children
            .iter()
            .filter_map(Weak::upgrade)
            .for_each(|child| child.raise(urgency));
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_tuple("Cancel").field(&self.urgency()).finish()
    }
}

#[cfg(test)]
mod tests;
