//! Limits the time of a plugin's phase, and of all phases of a plugin together. Built-in phases
//! limit their own waiting.
use super::session::Session;
use crate::wasm::limits::PluginTimes;
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Longest pause between two calls of a phase.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The time of one phase, by its clock. The clock stands still while the phase waits for a turn.
pub(super) struct TimeOfPhase {
    session: Session,
    /// when the phase has to have settled; `None` for a phase of the program
    until: Option<Instant>,
    /// the instant up to which the time of the plugin was counted
    counted: Mutex<Instant>,
}

impl TimeOfPhase {
    /// Begins to count the time of a phase.
    pub fn begin(session: &Session, of_plugin: bool) -> TimeOfPhase {
        let now = session.clock().now();
        TimeOfPhase {
            session: session.clone(),
            until: of_plugin.then(|| now + session.plugin_times().phase),
            counted: Mutex::new(now),
        }
    }

    /// Counts the time since the last count, and returns the time that is left.
    fn time_left(&self) -> Duration {
        let now = self.session.clock().now();
        let mut counted = self.counted.lock();
        let since = now.saturating_duration_since(std::mem::replace(&mut counted, now));
        let of_plugin = self.session.spend_time(since).unwrap_or(LONGEST_PAUSE);
        self.until.map_or(LONGEST_PAUSE, |until| {
            until.saturating_duration_since(now).min(of_plugin)
        })
    }

    /// Checks that there is time for one more call or effect.
    ///
    /// # Errors
    /// The time of the phase or of its plugin is over.
    pub fn check(&self) -> Result<(), String> {
        if self.time_left().is_zero() {
            let PluginTimes { phase, plugin } = self.session.plugin_times();
            return Err(format!(
                "it did not settle within the {phase:?} that the phase of a plugin may take, or \
                 the {plugin:?} of all phases of a plugin"
            ));
        }
        Ok(())
    }

    /// Returns `time`, or the time that is left if it is shorter.
    pub fn at_most(&self, time: Duration) -> Duration {
        self.time_left().min(time)
    }

    /// Spends the time of a pause that the phase asks for, before the pause begins. So phases that
    /// pause at the same time cannot spend more than the time that is left.
    ///
    /// # Errors
    /// The pause would end too late for another call.
    pub fn pause(&self, wanted: Duration) -> Result<Duration, String> {
        let left = self.time_left();
        let fits = self.until.is_none() || wanted <= left && self.session.reserve_time(wanted);
        if !fits {
            let PluginTimes { phase, plugin } = self.session.plugin_times();
            return Err(format!(
                "it asked to be called again after {wanted:?}; the phase of a plugin may take \
                 {phase:?} in all, and all phases of a plugin {plugin:?}: {left:.0?} are left"
            ));
        }
        Ok(wanted.min(LONGEST_PAUSE))
    }

    /// Notes that a pause has ended. [`TimeOfPhase::pause`] has already counted its time.
    pub fn end_pause(&self) {
        *self.counted.lock() = self.session.clock().now();
    }
}
