//! The access of a phase: built-in phases may observe and propose everything, components what was
//! granted to them.
use crate::{
    arguments::{AbsolutePath, HttpUrl},
    effect::Effect,
    wasm::{
        gate::{Demand, Origin, Row},
        grant::Grant,
    },
    world::reach::{Reach, Services},
};
use std::sync::Arc;

/// What a phase may observe and propose.
#[derive(Clone)]
pub enum Access {
    /// everything: a built-in phase
    BuiltIn,
    /// what the grant allows: a component
    Granted(Arc<Grant>),
}

impl Access {
    /// The kind of phase that has this access.
    pub fn origin(&self) -> Origin {
        match self {
            Access::BuiltIn => Origin::Distribution,
            Access::Granted(grant) => grant.origin(),
        }
    }

    /// The name of the plugin that has this access, where it is not part of the program.
    pub fn third_party(&self) -> Option<&str> {
        match self {
            Access::Granted(grant) if grant.origin() == Origin::Plugin => Some(grant.plugin()),
            Access::Granted(_) | Access::BuiltIn => None,
        }
    }

    fn ask(&self, ask: impl FnOnce(&Grant) -> Result<(), String>) -> Result<(), String> {
        match self {
            Access::BuiltIn => Ok(()),
            Access::Granted(grant) => ask(grant),
        }
    }

    /// Decides about a call of a host function.
    ///
    /// # Errors
    /// The demands that were not granted.
    pub fn check_call(&self, row: &Row, demands: &[Demand<'_>]) -> Result<(), String> {
        self.ask(|grant| grant.allows(row, demands))
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
        self.ask(|grant| grant.allows_file(row, path, real_path, is_public))
    }

    /// Decides about the server of a URL, for a call that was granted.
    ///
    /// # Errors
    /// The grant has to name the host itself, and does not.
    pub fn reach(
        &self,
        row: &Row,
        demands: &[Demand<'_>],
        url: &HttpUrl,
        services: Services,
    ) -> Result<Reach, String> {
        match self {
            Access::BuiltIn => Ok(Reach::All),
            Access::Granted(grant) => grant.reach(row, demands, url, services),
        }
    }

    /// Decides about a file that is shown to a server, by its real path.
    ///
    /// # Errors
    /// The file belongs to the host, and the grant does not say so.
    pub fn check_identity(&self, row: &Row, path: &str, is_hosts: bool) -> Result<(), String> {
        self.ask(|grant| grant.allows_identity(row, path, is_hosts))
    }

    /// Decides about a proposal before it is carried out.
    ///
    /// # Errors
    /// The part of the proposal that was not granted.
    pub fn check_effect(&self, effect: &Effect) -> Result<(), String> {
        self.ask(|grant| grant.allows_effect(effect))
    }

    /// What a plugin was granted; none for a phase of the program's own code.
    pub fn grant(&self) -> Option<&Grant> {
        match self {
            Access::BuiltIn => None,
            Access::Granted(grant) => Some(grant),
        }
    }
}
