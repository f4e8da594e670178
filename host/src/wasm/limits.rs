//! What one call of a component may use. Limits are totals: many memories are as large as one.
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use wasmtime::{ResourceLimiter, Result, bail};

/// Bytes over all memories and tables.
pub const MAX_MEMORY: usize = 64 << 20;
/// Bytes that one host call may copy.
pub const MAX_HOSTCALL_BYTES: usize = 4 << 20;
/// Bytes of a component.
pub const MAX_COMPONENT: usize = 64 << 20;
/// Bytes of a guest's stack.
pub const MAX_STACK: usize = 256 << 10;
/// How long one call of a component may take, its calls of the host among it.
pub const CALL: Duration = Duration::from_secs(30);
/// Processor time of one call, the host's work for it among it. A guest that loops is stopped by this long before its
/// deadline, while one that waits its turn on a busy machine is not.
pub const CPU: Duration = Duration::from_millis(800);
/// How long a component may take to say what it is.
pub const DESCRIBE: Duration = Duration::from_secs(1);
/// Proposals in one call.
pub const MAX_PROPOSALS: usize = 1000;
/// Findings of one phase.
pub const MAX_FINDINGS: usize = 1000;
/// Facts of all phases.
pub const MAX_FACTS: usize = 1000;
/// Bytes of messages and progress of one phase.
pub const MAX_LOG_BYTES: usize = 1 << 20;
/// Bytes of all else that one phase hands over: proposals, findings, facts.
pub const MAX_HANDED_BYTES: usize = 16 << 20;
/// Python brings two dozen core modules.
const MAX_INSTANCES: usize = 64;
const MAX_MEMORIES: usize = 4;
/// Bytes a table element is counted as.
const TABLE_ELEMENT: usize = 16;

/// Sums what wasmtime asks for; its own limiter counts each memory for itself.
#[derive(Default)]
pub struct Total {
    sum: usize,
    /// the highest sum of any call, for whoever reports it
    peak: Arc<AtomicUsize>,
}

impl Total {
    pub fn new(peak: Arc<AtomicUsize>) -> Self {
        Total { sum: 0, peak }
    }

    fn grow(&mut self, by: usize) -> Result<bool> {
        // An error ends the guest with these words; `false` would leave it to abort without any.
        match self.sum.saturating_add(by) {
            sum if sum > MAX_MEMORY => bail!("memory limit of {MAX_MEMORY} bytes reached"),
            sum => self.sum = sum,
        }
        self.peak.fetch_max(self.sum, Ordering::Relaxed);
        Ok(true)
    }
}

impl ResourceLimiter for Total {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        self.grow(desired.saturating_sub(current))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        self.grow(desired.saturating_sub(current).saturating_mul(TABLE_ELEMENT))
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
