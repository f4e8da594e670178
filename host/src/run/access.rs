//! The access of a phase: built-in phases may observe and propose everything, components what was
//! granted to them.
use crate::{
    arguments::AbsolutePath,
    effect::Effect,
    wasm::{
        gate::{Demand, Origin, Row},
        grant::Grant,
    },
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

    /// Refuses content that holds a credential: of a file, or of the output of a program. `what`
    /// names the content in the message.
    ///
    /// # Errors
    /// The kind of credential that the content holds.
    pub fn check_content(&self, what: &str, content: &[u8]) -> Result<(), String> {
        self.ask(|_| match crate::secret::classify::classify(content) {
            Some(credential) => Err(format!(
                "{what} holds {credential}, which is never shown to a plugin"
            )),
            None => Ok(()),
        })
    }

    /// Decides about a proposal before it is carried out.
    ///
    /// # Errors
    /// The part of the proposal that was not granted.
    pub fn check_effect(&self, effect: &Effect) -> Result<(), String> {
        self.ask(|grant| grant.allows_effect(effect))
    }
}
