//! The time that a plugin spends: of its calls, and of its phases with their effects and pauses.
use super::super::Session;
use crate::wasm::limits::{PLUGIN_TIME, TimeBudget, UsedTime};
use std::time::Duration;

impl Session {
    /// Returns the processor time that all calls of the plugin used; `None` if no limit applies.
    pub fn used_time(&self) -> Option<UsedTime> {
        if !self.is_plugin() {
            return None;
        }
        let used = self.spend_of_run(|run| Ok(Some(run.processor_time.clone())));
        used.ok().flatten()
    }

    /// Does work of the host for a plugin between its calls, whose processor time counts as the
    /// plugin's.
    ///
    /// # Errors
    /// The plugin used up its processor time before.
    pub fn count_work<T>(&self, work: impl FnOnce() -> T) -> Result<T, String> {
        let Some(used) = self.used_time() else {
            return Ok(work());
        };
        let limit = self.limits().processor_time;
        let budget = TimeBudget { limit, used };
        budget.check().map_err(|stop| stop.to_string())?;
        Ok(budget.used.add_processor_time(work))
    }

    /// Counts time of the phase, and returns what is left of the time of its plugin; `None` if no
    /// limit applies.
    pub fn spend_time(&self, time: Duration) -> Option<Duration> {
        if !self.is_plugin() {
            return None;
        }
        let left = self.spend_of_run(|run| {
            run.time = run.time.saturating_add(time);
            Ok(Some(PLUGIN_TIME.saturating_sub(run.time)))
        });
        left.ok().flatten()
    }

    /// Spends time of the plugin before it passes. Returns false if the plugin has less.
    pub fn reserve_time(&self, time: Duration) -> bool {
        if !self.is_plugin() {
            return true;
        }
        let fits = self.spend_of_run(|run| {
            let fits = run.time.saturating_add(time) <= PLUGIN_TIME;
            if fits {
                run.time += time;
            }
            Ok(fits)
        });
        fits.unwrap_or(false)
    }
}
