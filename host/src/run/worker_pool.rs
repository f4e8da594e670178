//! Who does the work: workers that take what is ready by themselves, so many side by side as there
//! are places.
use super::queue::Queue;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::{
    panic::{self, AssertUnwindSafe},
    thread::{self, Scope},
};

/// How many phases go on side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// so many, whatever they do
    Exactly(usize),
    /// so many that work; those that wait for something else than the processor hold no place
    Working(usize),
}

pub struct WorkerPool {
    concurrency: Concurrency,
    state: Mutex<State>,
    /// there is more to begin, or nothing any more
    changed: Condvar,
}

struct State {
    queue: Queue,
    /// begun and not ended
    begun: usize,
    /// of those, how many hold a place
    working: usize,
    /// workers that wait for something to begin
    idle: usize,
}

impl WorkerPool {
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

    /// Does all that is in the queue, each as soon as what it needs has ended and a place is free;
    /// of what is ready, what holds up the most goes first.
    ///
    /// # Panics
    /// Where `work` did, once all else is done.
    pub fn run(&self, work: &(impl Fn(usize) + Sync)) {
        thread::scope(|scope| self.worker(scope, work));
    }

    /// One worker, for as long as there is work. Whoever begins something sees to it that somebody
    /// is there for what follows. Workers stay for the whole run: a thread for each phase would
    /// seed its own random numbers.
    fn worker<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: &'scope (impl Fn(usize) + Sync),
    ) {
        let mut state = self.state();
        state.idle -= 1;
        loop {
            if let Some(at) = state.queue.next().filter(|_| self.is_free(&state)) {
                state.queue.begun(at);
                (state.begun, state.working) = (state.begun + 1, state.working + 1);
                if state.idle == 0 && !state.queue.is_over() {
                    state.idle += 1;
                    scope.spawn(|| self.worker(scope, work));
                } else {
                    self.wake_one(&state);
                }
                drop(state);
                let done = panic::catch_unwind(AssertUnwindSafe(|| work(at)));
                state = self.state();
                (state.begun, state.working) = (state.begun - 1, state.working - 1);
                state.queue.ended(at);
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

    /// Does what mostly waits, and holds no place meanwhile.
    pub fn run_blocking<T>(&self, wait: impl FnOnce() -> T) -> T {
        if matches!(self.concurrency, Concurrency::Exactly(_)) {
            return wait();
        }
        let mut state = self.state();
        state.working -= 1;
        self.wake_one(&state);
        drop(state);
        let came = panic::catch_unwind(AssertUnwindSafe(wait));
        self.state().working += 1;
        came.unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    }

    /// One more worker, where it would have something to begin.
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
