//! A parallel map that keeps the order of its items, and a limit on how many threads do something
//! at a time.
use parking_lot::{Condvar, Mutex};
use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

pub mod fair;

/// Returns how many threads the machine runs at a time; 2 if that is unknown.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(2, usize::from)
}

/// Applies a function to all items, on this thread and on up to `threads - 1` others. Returns the
/// results in the order of the items.
///
/// # Panics
/// If the function panics.
pub fn map<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work_on_items = || {
        std::iter::from_fn(|| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            Some((index, work(items.get(index)?)))
        })
        .collect::<Vec<_>>()
    };
    let mut results = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(items.len()))
            .map(|_| scope.spawn(work_on_items))
            .collect();
        let mut results = work_on_items();
        for other in others {
            results.extend(
                other
                    .join()
                    .unwrap_or_else(|panicked| panic::resume_unwind(panicked)),
            );
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A limit on how many threads do something at a time. Further threads wait for their turn.
pub struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A turn of one thread. It lasts until it is dropped.
pub struct Turn<'a>(&'a Turns);

impl Turns {
    /// Returns turns for `at_once` threads at a time.
    pub const fn new(at_once: usize) -> Turns {
        Turns {
            free: Mutex::new(at_once),
            freed: Condvar::new(),
        }
    }

    /// Waits for a turn.
    pub fn wait(&self) -> Turn<'_> {
        let mut free = self.free.lock();
        self.freed.wait_while(&mut free, |free| *free == 0);
        *free -= 1;
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests;
