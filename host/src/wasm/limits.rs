//! What one call of a component may use. Limits are totals: many memories are as large as one.
use wasmtime::{ResourceLimiter, Result, bail};

/// Bytes over all memories and tables.
pub const MAX_MEMORY: usize = 64 << 20;
/// Bytes that one host call may copy.
pub const MAX_HOSTCALL_BYTES: usize = 4 << 20;
/// Bytes of a component.
pub const MAX_COMPONENT: usize = 64 << 20;
/// Bytes of a guest's stack.
pub const MAX_STACK: usize = 256 << 10;
const MAX_INSTANCES: usize = 20;
const MAX_MEMORIES: usize = 4;
/// Bytes a table element is counted as.
const TABLE_ELEMENT: usize = 16;

/// Sums what wasmtime asks for; its own limiter counts each memory for itself.
#[derive(Default)]
pub struct Total(usize);

impl Total {
    fn grow(&mut self, by: usize) -> Result<bool> {
        self.0 = self.0.saturating_add(by);
        if self.0 > MAX_MEMORY {
            bail!("memory limit of {MAX_MEMORY} bytes reached");
        }
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
