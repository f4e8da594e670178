//! How long a request is tried.
use crate::cancel::Cancel;
use std::time::Duration;

/// Limit of one request (kubeadm's ten seconds).
pub(super) const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long a failed request to the API is tried again, and the signal that ends this early.
#[derive(Clone, Debug)]
pub struct RetryLimit {
    /// How long a request that may succeed later is tried again; zero for a single try.
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
