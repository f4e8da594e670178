//! How long a phase of a plugin may take, alone and together with the other phases of its plugin.
//! Phases of the program bound what they wait for themselves.
use super::session::Session;
use crate::wasm::limits::{PHASE, PLUGIN};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Longest pause between two calls of a phase.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The time of one phase, by its clock: waiting for a turn takes none of it.
pub(super) struct TimeOfPhase {
    session: Session,
    /// when the phase has to have settled; none for a phase of the program
    until: Option<Instant>,
    /// the instant up to which the time of the plugin was counted
    counted: Mutex<Instant>,
}

impl TimeOfPhase {
    pub fn begin(session: &Session, of_plugin: bool) -> TimeOfPhase {
        let now = session.clock().now();
        TimeOfPhase {
            session: session.clone(),
            until: of_plugin.then(|| now + PHASE),
            counted: Mutex::new(now),
        }
    }

    /// Counts the time since it was counted last, and returns what is left.
    fn left(&self) -> Duration {
        let now = self.session.clock().now();
        let mut counted = self.counted.lock();
        let since = now.saturating_duration_since(std::mem::replace(&mut counted, now));
        let of_plugin = self.session.spend_time(since).unwrap_or(LONGEST_PAUSE);
        self.until.map_or(LONGEST_PAUSE, |until| {
            until.saturating_duration_since(now).min(of_plugin)
        })
    }

    /// Refuses one more call, and one more effect, when time is up.
    pub fn check(&self) -> Result<(), String> {
        if self.left().is_zero() {
            return Err(format!(
                "it did not settle within the {PHASE:?} that the phase of a plugin may take, or \
                 the {PLUGIN:?} of all phases of a plugin"
            ));
        }
        Ok(())
    }

    /// The time that an effect may take which may take so long.
    pub fn within(&self, time: Duration) -> Duration {
        self.left().min(time)
    }

    /// A pause that the phase asks for. One that cannot end in time is refused at once: there would
    /// be no call after it. The time of the plugin is spent before it passes, so that phases side
    /// by side do not wait for more than there is.
    pub fn pause(&self, wanted: Duration) -> Result<Duration, String> {
        let left = self.left();
        let fits = self.until.is_none() || wanted <= left && self.session.reserve_time(wanted);
        if !fits {
            return Err(format!(
                "it asked to be called again after {wanted:?}; the phase of a plugin may take \
                 {PHASE:?} in all, and all phases of a plugin {PLUGIN:?}: {left:.0?} are left"
            ));
        }
        Ok(wanted.min(LONGEST_PAUSE))
    }

    /// A pause has passed, whose time was spent before.
    pub fn paused(&self) {
        *self.counted.lock() = self.session.clock().now();
    }
}
