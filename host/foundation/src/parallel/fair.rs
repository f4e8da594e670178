//! Turns that are shared fairly between plugins, and a clock that stops while its owner waits for a
//! turn.
//!
//! - A thread takes a turn for everything that it may need, and holds no turn of this kind while it
//!   waits. So threads cannot wait for each other in a circle.
//! - A plugin holds at most `per_owner` turns. When a turn becomes free, it goes to the waiting
//!   plugin whose last turn began the longest ago.
//! - The time of waiting does not count against the deadline of a call.
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Time between two checks of a waiting thread whether it should give up.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// A limit on how many threads do something at a time: in total, and for each owner. An owner is a
/// plugin.
pub struct FairTurns {
    at_once: usize,
    per_owner: usize,
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    /// owners of the turns that are taken
    taken: Vec<String>,
    /// owners of the threads that wait, by their place in the queue
    waiting: BTreeMap<u64, String>,
    /// the place of the next thread that begins to wait
    next_place: u64,
    /// for each owner, the place that it had before its last turn
    last_places: BTreeMap<String, u64>,
}

/// A turn of one thread. It lasts until it is dropped.
pub struct FairTurn<'a> {
    turns: &'a FairTurns,
    owner: String,
}

impl FairTurns {
    /// Returns turns for `at_once` threads at a time, at most `per_owner` of them for one owner.
    pub const fn new(at_once: usize, per_owner: usize) -> FairTurns {
        FairTurns {
            at_once,
            per_owner,
            queue: Mutex::new(Queue {
                taken: Vec::new(),
                waiting: BTreeMap::new(),
                next_place: 0,
                last_places: BTreeMap::new(),
            }),
            changed: Condvar::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock()
    }

    /// Waits for a turn of an owner. Returns `None` when `gives_up` returns true first.
    pub fn wait(&self, owner: &str, gives_up: &dyn Fn() -> bool) -> Option<FairTurn<'_>> {
        let mut queue = self.queue();
        let place = queue.next_place;
        queue.next_place += 1;
        queue.waiting.insert(place, owner.to_owned());
        while queue.find_next(self) != Some(place) {
            if gives_up() {
                queue.waiting.remove(&place);
                self.changed.notify_all();
                return None;
            }
            self.changed.wait_for(&mut queue, CHECK_INTERVAL);
        }
        queue.waiting.remove(&place);
        queue.taken.push(owner.to_owned());
        queue.last_places.insert(owner.to_owned(), place);
        // There may be a free turn for another thread.
        self.changed.notify_all();
        Some(FairTurn {
            turns: self,
            owner: owner.to_owned(),
        })
    }
}

impl Queue {
    /// Returns the place of the thread that gets the next turn; `None` if no thread may have a turn
    /// now.
    fn find_next(&self, turns: &FairTurns) -> Option<u64> {
        if self.taken.len() >= turns.at_once {
            return None;
        }
        let turns_of = |owner: &String| self.taken.iter().filter(|taken| *taken == owner).count();
        let may_go = self
            .waiting
            .iter()
            .filter(|(_, owner)| turns_of(owner) < turns.per_owner);
        may_go
            .min_by_key(|(place, owner)| (self.last_places.get(*owner), **place))
            .map(|(place, _)| *place)
    }
}

impl Drop for FairTurn<'_> {
    fn drop(&mut self) {
        let mut queue = self.turns.queue();
        if let Some(index) = queue.taken.iter().position(|owner| *owner == self.owner) {
            queue.taken.swap_remove(index);
        }
        drop(queue);
        self.turns.changed.notify_all();
    }
}

/// A clock that stops while its owner waits for a turn. Clones share one clock. It holds the time,
/// in microseconds, for which it was stopped.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    /// Returns the current instant of this clock.
    pub fn now(&self) -> Instant {
        let stopped = Duration::from_micros(self.0.load(Ordering::Relaxed));
        let now = Instant::now();
        now.checked_sub(stopped).unwrap_or(now)
    }

    /// Stops the clock during a call. Returns the result of the call.
    pub fn pause_during<T>(&self, wait: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = wait();
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.fetch_add(micros, Ordering::Relaxed);
        result
    }
}

#[cfg(test)]
mod tests;
