//! The limit on the time for which a request is retried.
use crate::cancel::Cancel;
use std::time::Duration;

/// Limit of one request (kubeadm's ten seconds).
pub(super) const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// The limit of the tries of one request to the API: a time, and a signal that ends the tries
/// earlier.
#[derive(Clone, Debug)]
pub struct RetryLimit {
    /// The time for which a request that may succeed later is tried again; zero for a single try.
    pub duration: Duration,
    /// Ends a request in progress, and further tries.
    pub cancel: Cancel,
}

impl RetryLimit {
    /// Returns the limit of a single try that nothing ends early.
    pub fn single_try() -> RetryLimit {
        RetryLimit {
            duration: Duration::ZERO,
            cancel: Cancel::never(),
        }
    }
}
