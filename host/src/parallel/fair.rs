//! Turns that are fair between plugins. The rule, for whatever only so many may have at a time:
//!
//! - who waits holds none of it, and takes all that it may need at once, so that nobody waits in a
//!   circle;
//! - one plugin has no more than its part, and of those that wait, the plugin goes next whose last
//!   turn was the longest ago;
//! - the time of waiting counts against no deadline: the clock of who waits stands still.
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How often who waits looks whether it is still to wait.
const LOOK: Duration = Duration::from_millis(20);

/// A limit on how many do something at a time, and how many of them for one plugin.
pub struct FairTurns {
    at_once: usize,
    of_one: usize,
    line: Mutex<Line>,
    changed: Condvar,
}

struct Line {
    /// owners of the turns that are taken
    taken: Vec<String>,
    /// who waits, by the number that it drew
    waiting: BTreeMap<u64, String>,
    /// the next number
    next: u64,
    /// for each owner, the number at its last turn
    last: BTreeMap<String, u64>,
}

/// A turn, which lasts until it is dropped.
pub struct FairTurn<'a> {
    turns: &'a FairTurns,
    owner: String,
}

impl FairTurns {
    /// Turns for `at_once` threads at a time, `of_one` of them for one owner.
    pub const fn new(at_once: usize, of_one: usize) -> FairTurns {
        FairTurns {
            at_once,
            of_one,
            line: Mutex::new(Line {
                taken: Vec::new(),
                waiting: BTreeMap::new(),
                next: 0,
                last: BTreeMap::new(),
            }),
            changed: Condvar::new(),
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock()
    }

    /// Waits for a turn. None once `gives_up` says so.
    pub fn wait(&self, owner: &str, gives_up: &dyn Fn() -> bool) -> Option<FairTurn<'_>> {
        let mut line = self.line();
        let number = line.next;
        line.next += 1;
        line.waiting.insert(number, owner.to_owned());
        while line.goes_next(self) != Some(number) {
            if gives_up() {
                line.waiting.remove(&number);
                self.changed.notify_all();
                return None;
            }
            self.changed.wait_for(&mut line, LOOK);
        }
        line.waiting.remove(&number);
        line.taken.push(owner.to_owned());
        line.last.insert(owner.to_owned(), number);
        // There may be a turn for another one.
        self.changed.notify_all();
        Some(FairTurn {
            turns: self,
            owner: owner.to_owned(),
        })
    }
}

impl Line {
    /// The number of who goes next; none where nobody may go.
    fn goes_next(&self, turns: &FairTurns) -> Option<u64> {
        if self.taken.len() >= turns.at_once {
            return None;
        }
        let has = |owner: &String| self.taken.iter().filter(|other| *other == owner).count();
        let may_go = self
            .waiting
            .iter()
            .filter(|(_, owner)| has(owner) < turns.of_one);
        may_go
            .min_by_key(|(number, owner)| (self.last.get(*owner), **number))
            .map(|(number, _)| *number)
    }
}

impl Drop for FairTurn<'_> {
    fn drop(&mut self) {
        let mut line = self.turns.line();
        if let Some(at) = line.taken.iter().position(|owner| *owner == self.owner) {
            line.taken.swap_remove(at);
        }
        drop(line);
        self.turns.changed.notify_all();
    }
}

/// A clock that stands still while its owner waits for a turn. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    /// The instant that it is by this clock.
    pub fn now(&self) -> Instant {
        let stood = Duration::from_micros(self.0.load(Ordering::Relaxed));
        let now = Instant::now();
        now.checked_sub(stood).unwrap_or(now)
    }

    /// Waits, and stands still meanwhile.
    pub fn stopped<T>(&self, wait: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let came = wait();
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.fetch_add(micros, Ordering::Relaxed);
        came
    }
}

#[cfg(test)]
mod tests;
