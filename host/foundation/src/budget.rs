//! The budget of one call of the host: how many bytes it may read, until when it may work, and the
//! token that cancels it.
use crate::cancel::Cancel;
use kubephase_wit::{Failure, FailureCode};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// The limits of one call of the host.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The largest number of bytes that the call may read from a file, an HTTP body, or the output
    /// of a program.
    pub bytes: usize,
    /// The instant at which the call fails with `timeout`.
    pub until: Instant,
    /// The token whose request makes the call fail with `cancelled`.
    pub cancel: Cancel,
    /// The processor time of this thread at which the call fails with `timeout`; `None` for no
    /// limit. Only work on the thread that set the limit is measured.
    processor_end: Option<Duration>,
}

impl Budget {
    /// Returns a budget that begins now.
    pub fn new(bytes: usize, time: Duration, cancel: &Cancel) -> Budget {
        // A time that overflows the clock becomes a day, which is more than any call takes.
        let until = Instant::now()
            .checked_add(time)
            .unwrap_or_else(|| Instant::now() + Duration::from_hours(24));
        Budget {
            bytes,
            until,
            cancel: cancel.clone(),
            processor_end: None,
        }
    }

    /// Returns a budget that does not end, for work that is not part of a run.
    pub fn unlimited() -> Budget {
        Budget::new(usize::MAX, Duration::MAX, &Cancel::never())
    }

    /// Whether the call may no longer work.
    pub fn is_over(&self) -> bool {
        self.cancel.is_requested() || self.is_late()
    }

    fn is_late(&self) -> bool {
        let is_over = |end| time_of_thread() >= end;
        self.time_left().is_zero() || self.processor_end.is_some_and(is_over)
    }

    /// Returns this budget for work on this thread, with a limit of its processor time from now on.
    #[must_use]
    pub fn with_processor_time_limit(self, time: Duration) -> Budget {
        Budget {
            processor_end: Some(time_of_thread().saturating_add(time)),
            ..self
        }
    }

    /// Returns this budget, ending at most `time` from now.
    #[must_use]
    pub fn with_time_limit(&self, time: Duration) -> Budget {
        let other = Budget::new(self.bytes, time, &self.cancel);
        Budget {
            until: other.until.min(self.until),
            processor_end: self.processor_end,
            ..other
        }
    }

    /// Returns the time that is left.
    pub fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Checks that the call may still work; `what` names the work in a failure.
    ///
    /// # Errors
    /// `cancelled` or `timeout`.
    pub fn check(&self, what: &str) -> Result<(), Failure> {
        if self.cancel.is_requested() {
            return Err(Budget::cancelled_failure(what));
        }
        if self.is_late() {
            Err(Budget::timeout_failure(what))
        } else {
            Ok(())
        }
    }

    /// Awaits work until it is done or the budget ends; `what` names the work in a failure.
    ///
    /// # Errors
    /// `cancelled` or `timeout`. The work is dropped then.
    pub async fn complete<T>(
        &self,
        what: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.cancel.requested() => Err(Budget::cancelled_failure(what)),
            done = work => Ok(done),
            () = tokio::time::sleep_until(self.until.into()) => Err(Budget::timeout_failure(what)),
        }
    }

    /// Returns the failure of a call that was interrupted because the run is to end.
    pub fn cancelled_failure(what: &str) -> Failure {
        Failure::new(
            FailureCode::Cancelled,
            format!("the run was cancelled during {what}"),
        )
    }

    /// Returns the (retryable) failure of a call that took too long.
    pub fn timeout_failure(what: &str) -> Failure {
        Failure {
            retryable: true,
            ..Failure::new(
                FailureCode::Timeout,
                format!("{what} took longer than it may"),
            )
        }
    }

    /// Returns the failure of a call that would read more than it may.
    pub fn size_failure(&self, what: &str) -> Failure {
        Failure::new(
            FailureCode::Limit,
            format!("{what} is longer than the limit of {} bytes", self.bytes),
        )
    }
}

/// Returns the processor time that this thread has used.
pub fn time_of_thread() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests;
