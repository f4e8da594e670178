//! The budget of one call of the host: how many bytes it may take in, until when it may work, and what ends it early.
use super::Tried;
use crate::cancel::Cancel;
use kubephase_wit::Failure;
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// What one call of the host may spend.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Bytes that may be read: of a file, of a body, of the output of a program.
    pub bytes: usize,
    /// The call ends with `timeout` at this instant.
    pub until: Instant,
    /// The call ends with `cancelled` when this is requested.
    pub cancel: Cancel,
}

impl Budget {
    /// A budget that begins now.
    pub fn new(bytes: usize, time: Duration, cancel: &Cancel) -> Budget {
        // A time beyond what the clock can say: a day is more than any call takes.
        let until = Instant::now().checked_add(time).unwrap_or_else(|| Instant::now() + Duration::from_hours(24));
        Budget { bytes, until, cancel: cancel.clone() }
    }

    /// The same budget, but not longer than `time` from now.
    #[must_use]
    pub fn within(&self, time: Duration) -> Budget {
        let other = Budget::new(self.bytes, time, &self.cancel);
        Budget { until: other.until.min(self.until), ..other }
    }

    /// Time that is left.
    pub fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Refuses to go on with a call that is over.
    ///
    /// # Errors
    /// `cancelled` or `timeout`.
    pub fn check(&self, what: &str) -> Tried<()> {
        if self.cancel.is_requested() {
            return Err(Budget::cancelled(what));
        }
        if self.time_left().is_zero() { Err(Budget::late(what)) } else { Ok(()) }
    }

    /// Awaits work for as long as the budget lasts; `what` names the work in a failure.
    ///
    /// # Errors
    /// `cancelled` or `timeout`. The work is dropped then.
    pub async fn complete<T>(&self, what: &str, work: impl Future<Output = T>) -> Tried<T> {
        tokio::select! {
            biased;
            () = self.cancel.requested() => Err(Budget::cancelled(what)),
            done = work => Ok(done),
            () = tokio::time::sleep_until(self.until.into()) => Err(Budget::late(what)),
        }
    }

    /// The failure of a call that the end of the run interrupted.
    pub fn cancelled(what: &str) -> Failure {
        Failure::new("cancelled", format!("the run was cancelled during {what}"))
    }

    /// The failure of a call that took too long.
    pub fn late(what: &str) -> Failure {
        Failure { retryable: true, ..Failure::new("timeout", format!("{what} took longer than it may")) }
    }

    /// The failure of a call that would read more than it may.
    pub fn exceeded(&self, what: &str) -> Failure {
        Failure::new("limit", format!("{what} is longer than the limit of {} bytes", self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    fn code(outcome: Tried<()>) -> String {
        outcome.unwrap_err().code
    }

    #[tokio::test]
    async fn work_ends_with_the_time_or_the_run() {
        let cancel = Cancel::new();
        let budget = Budget::new(0, Duration::from_millis(1), &cancel);
        assert_eq!(code(budget.complete("a wait", pending()).await), "timeout");
        assert_eq!(code(budget.check("a wait")), "timeout");
        let budget = Budget::new(0, Duration::MAX, &cancel);
        assert_eq!(budget.complete("a look", async { 7 }).await.unwrap(), 7);
        budget.check("a look").unwrap();
        cancel.request();
        assert_eq!(code(budget.complete("a wait", pending()).await), "cancelled");
        assert_eq!(code(budget.check("a wait")), "cancelled");
    }

    #[test]
    fn a_part_of_a_budget_never_outlasts_it() {
        let budget = Budget::new(5, Duration::from_secs(1), &Cancel::never());
        assert_eq!(budget.within(Duration::from_secs(60)).until, budget.until);
        assert!(budget.within(Duration::ZERO).time_left().is_zero());
    }
}
