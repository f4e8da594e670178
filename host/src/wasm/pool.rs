//! Room for what is called. Memories and tables of components are set aside once and used again: to map and unmap them with
//! every call would stop the other threads of the program each time.
use super::limits::{MAX_INSTANCES, MAX_MEMORIES, MEMORIES, TABLE_ELEMENT};
use std::sync::{Condvar, Mutex, PoisonError};
use wasmtime::{Enabled, PoolingAllocationConfig};

/// Calls that go on side by side; more wait their turn.
pub const CALLS: usize = 256;
/// Bytes of a memory that stay with the program when a call has ended, where what was written can be found and cleared.
const RESIDENT: usize = 256 << 10;
/// Elements of a table: as many as the highest limit on memory lets a guest have.
const ELEMENTS: usize = *MEMORIES.end() / TABLE_ELEMENT;
/// Bytes of what is kept of an instance beside its memories; Python brings large modules.
const INSTANCE: usize = 16 << 20;

/// As much as that many calls may have, each of them up to its limits.
pub fn pool() -> PoolingAllocationConfig {
    let of_all = |each: usize| u32::try_from(CALLS * each).unwrap_or(u32::MAX);
    let resident = if PoolingAllocationConfig::is_pagemap_scan_available() { RESIDENT } else { 0 };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(of_all(1))
        .total_core_instances(of_all(MAX_INSTANCES))
        .total_memories(of_all(MAX_MEMORIES))
        .total_tables(of_all(MAX_MEMORIES))
        // How much one call may have of all this is for its own limits to say, in their words.
        .max_memories_per_module(of_all(MAX_MEMORIES))
        .max_tables_per_module(of_all(MAX_MEMORIES))
        .table_elements(ELEMENTS)
        .max_core_instance_size(INSTANCE)
        .max_component_instance_size(INSTANCE)
        // What was used last is used first.
        .max_unused_warm_slots(0)
        .linear_memory_keep_resident(resident)
        .table_keep_resident(resident)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Limits how many threads do something at once; the others wait.
pub struct Turns {
    left: Mutex<usize>,
    freed: Condvar,
}

/// A turn, which lasts until it is dropped.
pub struct Turn<'a>(&'a Turns);

impl Turns {
    /// Turns for so many threads at once.
    pub fn new(at_once: usize) -> Turns {
        Turns { left: Mutex::new(at_once), freed: Condvar::new() }
    }

    /// Waits for a turn.
    pub fn wait(&self) -> Turn<'_> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *self.freed.wait_while(left, |left| *left == 0).unwrap_or_else(PoisonError::into_inner) -= 1;
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
mod tests {
    use super::*;
    use std::{
        sync::{Barrier, mpsc},
        thread,
    };

    #[test]
    fn whoever_finds_no_room_goes_on_when_somebody_is_done() {
        let (turns, full, (done, next)) = (Turns::new(CALLS), Barrier::new(CALLS + 1), mpsc::channel());
        thread::scope(|scope| {
            let leave: Vec<mpsc::Sender<()>> = (0..CALLS)
                .map(|_| {
                    let (leave, left) = mpsc::channel::<()>();
                    let (turns, full) = (&turns, &full);
                    scope.spawn(move || {
                        let _turn = turns.wait();
                        full.wait();
                        let _ = left.recv();
                    });
                    leave
                })
                .collect();
            full.wait();
            scope.spawn(|| {
                let _turn = turns.wait();
                done.send(()).unwrap();
            });
            assert!(next.try_recv().is_err());
            leave[0].send(()).unwrap();
            next.recv().unwrap();
        });
    }
}
