//! Limits the processor time of a call, and of all calls of a plugin.
use super::CALL_PROCESSOR_TIME;
use crate::budget::time_of_thread;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use wasmtime::{Result, bail};

/// The processor time of all calls of a plugin in a run, and of the host's work for the plugin
/// between them, in microseconds. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct UsedTime(Arc<AtomicU64>);

impl UsedTime {
    fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.fetch_add(micros, Ordering::Relaxed);
    }

    fn total(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    /// Adds the processor time of work that the host does for the plugin between its calls.
    pub fn add_processor_time<T>(&self, work: impl FnOnce() -> T) -> T {
        let used = time_of_thread();
        let result = work();
        self.add(time_of_thread().saturating_sub(used));
        result
    }

    /// Adds the time for which the host works outside of this thread, for example in programs. The
    /// time of this thread is the [`Meter`]'s to add.
    pub fn add_work<T>(&self, work: impl FnOnce() -> T) -> T {
        let (began, used) = (Instant::now(), time_of_thread());
        let result = work();
        let of_thread = time_of_thread().saturating_sub(used);
        self.add(began.elapsed().saturating_sub(of_thread));
        result
    }
}

/// The processor time that the plugin of a call may use in a run, and what its calls used of it.
#[derive(Clone, Debug)]
pub struct TimeBudget {
    pub limit: Duration,
    pub used: UsedTime,
}

impl TimeBudget {
    /// Returns the processor time that the plugin has left.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.used.total())
    }

    /// Checks that the plugin has processor time left.
    ///
    /// # Errors
    /// The plugin used up its time.
    pub fn check(&self) -> Result<()> {
        if self.used.total() >= self.limit {
            bail!(
                "limit of {:?} of processor time of all calls of one plugin reached \
                 (limits.processorTime of the plugin's entry)",
                self.limit
            );
        }
        Ok(())
    }
}

/// Measures the processor time of one call. It stays on the thread of the call.
pub struct Meter {
    /// the processor time of the thread when the call has to end
    end: Duration,
    /// the processor time of the thread up to which the plugin's time was counted
    counted: Duration,
    budget: Option<TimeBudget>,
}

impl Meter {
    /// Begins to measure. A phase of the program has no budget.
    pub fn begin(budget: Option<TimeBudget>) -> Meter {
        let now = time_of_thread();
        Meter {
            end: now + CALL_PROCESSOR_TIME,
            counted: now,
            budget,
        }
    }

    fn count(&mut self) {
        let now = time_of_thread();
        let since = now.saturating_sub(std::mem::replace(&mut self.counted, now));
        if let Some(budget) = &self.budget {
            budget.used.add(since);
        }
    }

    /// Checks that the call and the plugin have processor time left.
    ///
    /// # Errors
    /// The call, or all calls of the plugin, used up their time.
    pub fn check(&mut self) -> Result<()> {
        self.count();
        if self.counted >= self.end {
            bail!("limit of {CALL_PROCESSOR_TIME:?} of processor time reached");
        }
        self.budget.as_ref().map_or(Ok(()), TimeBudget::check)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.count();
    }
}
