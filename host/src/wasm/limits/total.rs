//! The memory of a call.
use super::{LARGE_CALLS, MAX_INSTANCES, MAX_MEMORIES, SMALL_MEMORY, TABLE_ELEMENT};
use crate::parallel::{Turn, Turns};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use wasmtime::{ResourceLimiter, Result, bail, error::Context};

/// Turns of the calls that have much memory.
static LARGE: Turns = Turns::new(LARGE_CALLS);

/// A limiter that counts the total of all memories and tables. The limiter of wasmtime counts each
/// memory separately.
pub struct Total {
    limit: usize,
    /// the instant at which the call ends
    until: Instant,
    /// the turn of a call that has much memory
    turn: Option<Turn<'static>>,
    sum: usize,
    /// the highest sum of any call, for the report
    peak: Arc<AtomicUsize>,
}

impl Total {
    /// A limiter of one call, which ends at an instant.
    pub fn new(limit: usize, peak: Arc<AtomicUsize>, until: Instant) -> Self {
        Total {
            limit,
            until,
            turn: None,
            sum: 0,
            peak,
        }
    }

    /// Adds to the sum.
    ///
    /// # Errors
    /// The sum would exceed the limit, or the call ends while it waits for its turn.
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
            let turn = LARGE.wait_until(self.until);
            self.turn = Some(turn.with_context(|| {
                format!(
                    "the deadline passed while it waited for memory: {LARGE_CALLS} calls at a \
                     time have more than {SMALL_MEMORY} bytes"
                )
            })?);
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
