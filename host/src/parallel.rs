//! The same done to many, side by side, and the same done by many, each in its turn.
use std::{
    panic,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

pub mod fair;

/// How many threads the machine runs at a time.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(2, usize::from)
}

/// Does the same to all items, on this thread and others, so many in all; results are in the order
/// of the items.
pub fn map<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let some = || {
        let take = || {
            let at = next.fetch_add(1, Ordering::Relaxed);
            Some((at, work(items.get(at)?)))
        };
        std::iter::from_fn(take).collect::<Vec<_>>()
    };
    let some = &some;
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(items.len()))
            .map(|_| scope.spawn(some))
            .collect();
        let mut done = some();
        done.extend(others.into_iter().flat_map(|other| {
            other
                .join()
                .unwrap_or_else(|panicked| panic::resume_unwind(panicked))
        }));
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}

/// A limit on how many threads do something at a time; other threads wait for their turn.
pub struct Turns {
    left: Mutex<usize>,
    freed: Condvar,
}

/// A turn, which lasts until it is dropped.
pub struct Turn<'a>(&'a Turns);

impl Turns {
    /// Turns for `at_once` threads at a time.
    pub const fn new(at_once: usize) -> Turns {
        Turns {
            left: Mutex::new(at_once),
            freed: Condvar::new(),
        }
    }

    /// Waits for a turn.
    pub fn wait(&self) -> Turn<'_> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *self
            .freed
            .wait_while(left, |left| *left == 0)
            .unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.left.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests;
