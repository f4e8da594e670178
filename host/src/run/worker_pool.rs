//! A pool of workers that run the phases of a plan. Each worker takes the next phase that is ready,
//! as long as the limit of phases at a time allows it.
use super::queue::Queue;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::{
    panic::{self, AssertUnwindSafe},
    thread::{self, Scope},
};

/// The number of phases that run at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// At most this many phases run.
    Exactly(usize),
    /// At most this many phases use the processor; blocked phases are not counted.
    Working(usize),
}

/// A pool of workers for the phases of one plan.
pub struct WorkerPool {
    concurrency: Concurrency,
    state: Mutex<State>,
    /// signalled when another phase may begin, and when all phases have ended
    changed: Condvar,
}

struct State {
    queue: Queue,
    /// number of phases that have begun and not ended
    begun: usize,
    /// number of those phases that are not blocked
    working: usize,
    /// number of workers that wait for a phase to begin
    idle: usize,
}

impl WorkerPool {
    /// Returns a pool for the phases of a queue.
    pub fn new(queue: Queue, concurrency: Concurrency) -> WorkerPool {
        WorkerPool {
            concurrency,
            state: Mutex::new(State {
                queue,
                begun: 0,
                working: 0,
                idle: 1,
            }),
            changed: Condvar::new(),
        }
    }

    /// Runs all phases of the queue. Each begins as soon as its needs have ended and the limit
    /// allows it; of the phases that are ready, the phase that delays the run the most begins
    /// first.
    ///
    /// # Panics
    /// If `work` panicked, after all other phases have ended.
    pub fn run(&self, work: &(impl Fn(usize) + Sync)) {
        thread::scope(|scope| self.worker(scope, work));
    }

    /// Works until all phases have ended. A worker that begins a phase starts or wakes another
    /// worker for the phases that follow. Workers stay for the whole run: a thread for each phase
    /// would seed its own random numbers.
    fn worker<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: &'scope (impl Fn(usize) + Sync),
    ) {
        let mut state = self.state();
        state.idle -= 1;
        loop {
            if let Some(place) = state.queue.next().filter(|_| self.is_free(&state)) {
                state.queue.begin(place);
                (state.begun, state.working) = (state.begun + 1, state.working + 1);
                if state.idle == 0 && !state.queue.is_over() {
                    state.idle += 1;
                    scope.spawn(|| self.worker(scope, work));
                } else {
                    self.wake_one(&state);
                }
                drop(state);
                let done = panic::catch_unwind(AssertUnwindSafe(|| work(place)));
                state = self.state();
                (state.begun, state.working) = (state.begun - 1, state.working - 1);
                state.queue.end(place);
                if let Err(panicked) = done {
                    self.changed.notify_all();
                    drop(state);
                    panic::resume_unwind(panicked);
                }
            } else if state.begun == 0 {
                self.changed.notify_all();
                return;
            } else {
                state.idle += 1;
                self.changed.wait(&mut state);
                state.idle -= 1;
            }
        }
    }

    /// Calls a function that blocks. The phase is not counted meanwhile.
    pub fn run_blocking<T>(&self, wait: impl FnOnce() -> T) -> T {
        if matches!(self.concurrency, Concurrency::Exactly(_)) {
            return wait();
        }
        let mut state = self.state();
        state.working -= 1;
        self.wake_one(&state);
        drop(state);
        let outcome = panic::catch_unwind(AssertUnwindSafe(wait));
        self.state().working += 1;
        outcome.unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    }

    /// Wakes a worker if there is a phase that it may begin.
    fn wake_one(&self, state: &State) {
        if self.is_free(state) && state.queue.next().is_some() {
            self.changed.notify_one();
        }
    }

    fn is_free(&self, state: &State) -> bool {
        let (Concurrency::Exactly(concurrency) | Concurrency::Working(concurrency)) =
            self.concurrency;
        state.working < concurrency.max(1)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests;
