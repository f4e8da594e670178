//! The time that a plugin spends: of its calls, and of its phases with their effects and pauses.
use super::super::Session;
use crate::wasm::limits::{OBSERVING_TIMES, PluginTimes, TIMES, TimeBudget};
use std::time::Duration;

impl Session {
    /// Returns the times that plugins may take in this run.
    pub fn plugin_times(&self) -> PluginTimes {
        if self.0.shared.only_observes() {
            OBSERVING_TIMES
        } else {
            TIMES
        }
    }

    /// Returns the limit of the plugin's processor time in the run, with what it used so far;
    /// `None` if no limit applies.
    pub fn time_budget(&self) -> Option<TimeBudget> {
        if !self.is_plugin() {
            return None;
        }
        let limit = self.limits().processor_time;
        let budget = self.spend_of_run(|run| {
            let used = run.processor_time.clone();
            Ok(Some(TimeBudget { limit, used }))
        });
        budget.ok().flatten()
    }

    /// Does work of the host for a plugin between the plugin's calls. The processor time of the
    /// work counts as the plugin's.
    ///
    /// # Errors
    /// The plugin used up its processor time before.
    pub fn count_work<T>(&self, work: impl FnOnce() -> T) -> Result<T, String> {
        let Some(budget) = self.time_budget() else {
            return Ok(work());
        };
        budget.check().map_err(|stop| stop.to_string())?;
        Ok(budget.used.add_processor_time(work))
    }

    /// Counts time of the phase, and returns what is left of the time of its plugin; `None` if no
    /// limit applies.
    pub fn spend_time(&self, time: Duration) -> Option<Duration> {
        if !self.is_plugin() {
            return None;
        }
        let most = self.plugin_times().plugin;
        let left = self.spend_of_run(|run| {
            run.time = run.time.saturating_add(time);
            Ok(Some(most.saturating_sub(run.time)))
        });
        left.ok().flatten()
    }

    /// Spends time of the plugin before it passes. Returns false if the plugin has less.
    pub fn reserve_time(&self, time: Duration) -> bool {
        if !self.is_plugin() {
            return true;
        }
        let most = self.plugin_times().plugin;
        let fits = self.spend_of_run(|run| {
            let fits = run.time.saturating_add(time) <= most;
            if fits {
                run.time += time;
            }
            Ok(fits)
        });
        fits.unwrap_or(false)
    }
}
