//! The functions in the description of a phase: its code, and the lines of a group's beginning.
use crate::secret::Secret;
use kubephase_sdk::{Failure, Outcome, kubeadm::Config};
use std::{fmt, panic::RefUnwindSafe, sync::Arc};

/// The code of a built-in phase: it observes, reports and proposes through the SDK.
#[derive(Clone)]
pub struct PhaseFunction(
    pub(super) Arc<dyn Fn() -> Result<Outcome, Failure> + Send + Sync + RefUnwindSafe>,
);

impl PhaseFunction {
    /// Calls the phase. The thread has to have a host (`kubephase_sdk::Native`).
    ///
    /// # Errors
    /// The failure of the phase.
    pub fn call(&self) -> Result<Outcome, Failure> {
        (self.0)()
    }
}

impl fmt::Debug for PhaseFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhaseFunction")
    }
}

impl PartialEq for PhaseFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for PhaseFunction {}

/// The lines that kubeadm prints as it enters a group.
#[derive(Clone, Copy, Debug)]
pub struct GroupHeader(pub(super) fn(&Config<Secret<String>>) -> Vec<String>);

impl GroupHeader {
    /// Returns the lines for a configuration.
    pub fn lines(&self, config: &Config<Secret<String>>) -> Vec<String> {
        (self.0)(config)
    }
}

impl PartialEq for GroupHeader {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for GroupHeader {}
