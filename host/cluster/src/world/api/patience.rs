//! How long requests are tried.
use crate::cancel::Cancel;
use std::time::Duration;

/// Limit of one request (kubeadm's ten seconds).
pub(super) const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long requests to the API are tried, and what ends them early.
#[derive(Clone, Debug)]
pub struct Patience {
    /// How long a request that may succeed later is tried again; zero for a single try.
    pub time: Duration,
    /// Ends a request in progress, and further tries.
    pub cancel: Cancel,
}

impl Patience {
    /// Returns the patience of a single try that nothing ends early.
    pub fn none() -> Patience {
        Patience {
            time: Duration::ZERO,
            cancel: Cancel::never(),
        }
    }
}
