//! Limits the memory of a call.
use super::{
    MAX_INSTANCES, MAX_LARGE_CALLS, MAX_LARGE_CALLS_OF_PLUGIN, MAX_MEMORIES, SMALL_MEMORY_BYTES,
    TABLE_ELEMENT_BYTES,
};
use crate::{
    cancel::Cancel,
    parallel::fair::{Clock, FairTurn, FairTurns},
};
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use wasmtime::{ResourceLimiter, Result, bail, error::Context};

/// Turns of the calls that have much memory.
static LARGE: FairTurns = FairTurns::new(MAX_LARGE_CALLS, MAX_LARGE_CALLS_OF_PLUGIN);

/// The calls of a plugin, which wait for turns.
#[derive(Clone, Default)]
pub struct Waiter {
    /// name of the plugin
    pub plugin: String,
    /// the clock by which the calls have to end
    pub clock: Clock,
    /// ends the waiting
    pub cancel: Cancel,
}

impl Waiter {
    /// Waits for a turn.
    ///
    /// # Errors
    /// The run is cancelled.
    pub fn wait<'t>(&self, turns: &'t FairTurns) -> Result<FairTurn<'t>> {
        let turn = self
            .clock
            .pause_during(|| turns.wait(&self.plugin, &|| self.cancel.is_requested()));
        turn.context("the run was cancelled")
    }
}

/// The turn of a call that has much memory, if it needed one. It has to be dropped after the store
/// of the call: the next call may begin before the memory of this one is free otherwise.
#[derive(Clone, Default)]
pub struct LargeTurn(Arc<Mutex<Option<FairTurn<'static>>>>);

/// A limiter of the total size of all memories, tables and instances. The limiter of wasmtime
/// limits each memory separately, and no instances.
pub struct MemoryLimiter {
    /// in bytes
    limit: usize,
    waiter: Waiter,
    turn: LargeTurn,
    /// in bytes
    sum: usize,
    /// the highest sum of any call, for the report
    peak: Arc<AtomicUsize>,
}

impl MemoryLimiter {
    /// Returns a limiter of one call, which takes `turn` when it needs it.
    pub fn new(limit: usize, peak: Arc<AtomicUsize>, waiter: Waiter, turn: LargeTurn) -> Self {
        MemoryLimiter {
            limit,
            waiter,
            turn,
            sum: 0,
            peak,
        }
    }

    /// Counts the bytes that the instances of the call take before any code runs.
    ///
    /// # Errors
    /// As for memory that the guest asks for later.
    pub fn add_instances(&mut self, bytes: u64) -> Result<()> {
        self.grow(usize::try_from(bytes).unwrap_or(usize::MAX))
            .map(drop)
    }

    /// Adds bytes to the sum.
    ///
    /// # Errors
    /// The sum would exceed the limit, or the run is cancelled while the call waits for its turn.
    fn grow(&mut self, by: usize) -> Result<bool> {
        // An error ends the guest with this message; after `false` the guest would abort without a
        // message.
        match self.sum.saturating_add(by) {
            sum if sum > self.limit => bail!(
                "memory limit of {} bytes reached (limits.memory of the plugin's entry)",
                self.limit
            ),
            sum => self.sum = sum,
        }
        let mut turn = self.turn.0.lock();
        if self.sum > SMALL_MEMORY_BYTES && turn.is_none() {
            *turn = Some(self.waiter.wait(&LARGE)?);
        }
        self.peak.fetch_max(self.sum, Ordering::Relaxed);
        Ok(true)
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        self.grow(desired.saturating_sub(current))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        self.grow(
            desired
                .saturating_sub(current)
                .saturating_mul(TABLE_ELEMENT_BYTES),
        )
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }

    fn tables(&self) -> usize {
        MAX_MEMORIES
    }
}
