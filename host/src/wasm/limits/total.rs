//! The memory of a call.
use super::{
    LARGE_CALLS, LARGE_CALLS_OF_PLUGIN, MAX_INSTANCES, MAX_MEMORIES, SMALL_MEMORY, TABLE_ELEMENT,
};
use crate::{
    cancel::Cancel,
    parallel::fair::{Clock, FairTurn, FairTurns},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use wasmtime::{ResourceLimiter, Result, bail, error::Context};

/// Turns of the calls that have much memory.
static LARGE: FairTurns = FairTurns::new(LARGE_CALLS, LARGE_CALLS_OF_PLUGIN);

/// Who waits for turns: the calls of a plugin.
#[derive(Clone, Default)]
pub struct Waiter {
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
        let gives_up = || self.cancel.is_requested();
        let turn = self
            .clock
            .pause_during(|| turns.wait(&self.plugin, &gives_up));
        turn.context("the run was cancelled")
    }
}

/// A limiter that counts the total of all memories and tables. The limiter of wasmtime counts each
/// memory separately.
pub struct Total {
    limit: usize,
    waiter: Waiter,
    /// the turn of a call that has much memory
    turn: Option<FairTurn<'static>>,
    sum: usize,
    /// the highest sum of any call, for the report
    peak: Arc<AtomicUsize>,
}

impl Total {
    /// A limiter of one call.
    pub fn new(limit: usize, peak: Arc<AtomicUsize>, waiter: Waiter) -> Self {
        Total {
            limit,
            waiter,
            turn: None,
            sum: 0,
            peak,
        }
    }

    /// Adds to the sum.
    ///
    /// # Errors
    /// The sum would exceed the limit, or the run is cancelled while the call waits for its turn.
    fn grow(&mut self, by: usize) -> Result<bool> {
        // An error ends the guest with these words; `false` would leave it to abort without any.
        match self.sum.saturating_add(by) {
            sum if sum > self.limit => bail!(
                "memory limit of {} bytes reached (limits.memory of the plugin's entry)",
                self.limit
            ),
            sum => self.sum = sum,
        }
        if self.sum > SMALL_MEMORY && self.turn.is_none() {
            self.turn = Some(self.waiter.wait(&LARGE)?);
        }
        self.peak.fetch_max(self.sum, Ordering::Relaxed);
        Ok(true)
    }
}

impl ResourceLimiter for Total {
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
                .saturating_mul(TABLE_ELEMENT),
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
