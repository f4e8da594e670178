//! A parallel map that keeps the order of its items.
use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

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
    let work_off = || {
        std::iter::from_fn(|| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            Some((index, work(items.get(index)?)))
        })
        .collect::<Vec<_>>()
    };
    let mut results = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(items.len()))
            .map(|_| scope.spawn(work_off))
            .collect();
        let mut results = work_off();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [0, 1, 3, 200] {
            assert_eq!(
                map(&items, threads, |item| item * 2),
                (0..200).step_by(2).collect::<Vec<_>>()
            );
        }
        assert_eq!(map(&[], 2, |()| ()), []);
    }
}
