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

    /// Refuses a call of a host function unless the grant covers all of its demands.
    ///
    /// # Errors
    /// A demand was not granted; the message has all such demands.
    pub fn check_call(&self, row: &Row, demands: &[Demand<'_>]) -> Result<(), String> {
        self.check(|grant| grant.allows(row, demands))
    }

    /// Refuses to show the phase a file that was opened unless the grant allows it. `is_public`
    /// says whether every user of the machine may read the file.
    ///
    /// # Errors
    /// The phase may not see the file; the message says why.
    pub fn check_file(
        &self,
        row: &Row,
        path: &AbsolutePath,
        real_path: &str,
        is_public: bool,
    ) -> Result<(), String> {
        self.check(|grant| grant.allows_file(row, path, real_path, is_public))
    }

    /// Returns the addresses that a granted call may connect to for a URL.
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

    /// Refuses to identify the client to a server by a file of the host unless the grant allows it.
    /// `path` is the real path of the file; `is_hosts` says whether it belongs to the host.
    ///
    /// # Errors
    /// The file belongs to the host, and the grant does not allow that.
    pub fn check_identity(&self, row: &Row, path: &str, is_hosts: bool) -> Result<(), String> {
        self.check(|grant| grant.allows_identity(row, path, is_hosts))
    }

    /// Refuses a proposal unless the grant covers it. Called before the proposal is applied.
    ///
    /// # Errors
    /// The message names the part of the proposal that was not granted.
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
