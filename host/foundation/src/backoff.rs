//! Pauses between the tries of work that may succeed later.
//!
//! The caller tries, and calls [`Tries::wait`] before each further try. This module does not know
//! what is tried.
use crate::cancel::Cancel;
use std::time::{Duration, Instant};

/// The time after the first try during which the pauses stay short.
const BRISK_PERIOD: Duration = Duration::from_secs(30);

/// The pauses between tries, and the time after which no further try is made.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Pause before the second try. Each further pause is twice as long, up to the longest pause.
    pub first: Duration,
    /// Longest pause in the first 30 seconds.
    pub brisk: Duration,
    /// Longest pause after the first 30 seconds.
    pub slow: Duration,
    /// Time from the first try to the last.
    pub limit: Duration,
}

/// The tries of one piece of work.
#[derive(Debug)]
pub struct Tries {
    backoff: Backoff,
    began: Instant,
    pause: Duration,
}

/// Whether the caller tries again after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum NextTry {
    /// It tries again.
    Due,
    /// It gives up, because the end of the run was requested.
    Cancelled,
    /// It gives up, because the next try would be later than the limit allows.
    OutOfTime,
}

impl Backoff {
    /// Returns pauses of one length.
    pub const fn constant(pause: Duration, limit: Duration) -> Backoff {
        Backoff {
            first: pause,
            brisk: pause,
            slow: pause,
            limit,
        }
    }

    /// Starts the clock. The caller makes its first try right after this.
    pub fn start(self) -> Tries {
        Tries {
            backoff: self,
            began: Instant::now(),
            pause: self.first,
        }
    }
}

impl Tries {
    /// Returns the time since the first try.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Sleeps until the next try is due, and says whether to make it. Returns at once if there is
    /// no time for a further try, or the end of the run is requested.
    pub fn wait(&mut self, cancel: &Cancel) -> NextTry {
        if cancel.is_requested() {
            return NextTry::Cancelled;
        }
        if self.elapsed().saturating_add(self.pause) > self.backoff.limit {
            return NextTry::OutOfTime;
        }
        if cancel.wait(self.pause) {
            return NextTry::Cancelled;
        }
        let longest = if self.elapsed() < BRISK_PERIOD {
            self.backoff.brisk
        } else {
            self.backoff.slow
        };
        self.pause = self.pause.saturating_mul(2).min(longest);
        NextTry::Due
    }
}

#[cfg(test)]
mod tests;
