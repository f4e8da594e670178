//! The access of a phase: built-in phases may observe and propose everything, components only what
//! their grant allows.
use crate::{
    arguments::{AbsolutePath, HttpUrl},
    effect::Effect,
    wasm::{
        gate::{Demand, Origin, Row},
        grant::Grant,
    },
    world::reach::{ClusterSubnets, Reach},
};
use std::sync::Arc;

/// The access of a phase: what it may observe and propose.
#[derive(Clone)]
pub enum Access {
    /// A built-in phase may do everything.
    BuiltIn,
    /// A component may do what its grant allows.
    Granted(Arc<Grant>),
}

impl Access {
    /// Returns the kind of phase that has this access.
    pub fn origin(&self) -> Origin {
        match self {
            Access::BuiltIn => Origin::BuiltIn,
            Access::Granted(grant) => grant.origin(),
        }
    }

    /// Returns the name of the third party's plugin that has this access; `None` for a phase that
    /// is part of the program.
    pub fn third_party(&self) -> Option<&str> {
        match self {
            Access::Granted(grant) if grant.origin() == Origin::Plugin => Some(grant.plugin()),
            Access::Granted(_) | Access::BuiltIn => None,
        }
    }

    fn check(&self, check: impl FnOnce(&Grant) -> Result<(), String>) -> Result<(), String> {
        match self {
            Access::BuiltIn => Ok(()),
            Access::Granted(grant) => check(grant),
        }
    }

    /// Decides about a call of a host function.
    ///
    /// # Errors
    /// The demands that were not granted.
    pub fn check_call(&self, row: &Row, demands: &[Demand<'_>]) -> Result<(), String> {
        self.check(|grant| grant.allows(row, demands))
    }

    /// Decides about a file that was opened. `is_public` says whether every user of the machine may
    /// read it.
    ///
    /// # Errors
    /// The reason why the phase may not see the file.
    pub fn check_file(
        &self,
        row: &Row,
        path: &AbsolutePath,
        real_path: &str,
        is_public: bool,
    ) -> Result<(), String> {
        self.check(|grant| grant.allows_file(row, path, real_path, is_public))
    }

    /// Decides about the server of a URL, for a call that was granted.
    ///
    /// # Errors
    /// The grant does not name the host itself, and has to.
    pub fn decide_reach(
        &self,
        row: &Row,
        demands: &[Demand<'_>],
        url: &HttpUrl,
        cluster_subnets: ClusterSubnets,
    ) -> Result<Reach, String> {
        match self {
            Access::BuiltIn => Ok(Reach::All),
            Access::Granted(grant) => grant.decide_reach(row, demands, url, cluster_subnets),
        }
    }

    /// Decides about a file that is sent to a server, by its real path.
    ///
    /// # Errors
    /// The file belongs to the host, and the grant does not allow that.
    pub fn check_identity(&self, row: &Row, path: &str, is_hosts: bool) -> Result<(), String> {
        self.check(|grant| grant.allows_identity(row, path, is_hosts))
    }

    /// Decides about a proposal before it is carried out.
    ///
    /// # Errors
    /// The part of the proposal that was not granted.
    pub fn check_effect(&self, effect: &Effect) -> Result<(), String> {
        self.check(|grant| grant.allows_effect(effect))
    }

    /// Returns the grant of a plugin; `None` for a built-in phase.
    pub fn grant(&self) -> Option<&Grant> {
        match self {
            Access::BuiltIn => None,
            Access::Granted(grant) => Some(grant),
        }
    }
}
