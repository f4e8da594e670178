//! What a phase may observe and propose: everything for the distribution's own native phases, what was granted for
//! components.
use crate::{
    arguments::AbsolutePath,
    effect::Effect,
    wasm::{
        gate::{Asked, Origin, Row},
        grant::Grant,
    },
};
use std::sync::Arc;

#[derive(Clone)]
pub enum Access {
    BuiltIn,
    Granted(Arc<Grant>),
}

impl Access {
    /// Whose calls these are.
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
    /// What was not granted.
    pub fn call(&self, row: &Row, asks: &[Asked<'_>]) -> Result<(), String> {
        self.ask(|grant| grant.allows(row, asks))
    }

    /// Decides about a file that was opened: `is_public` says whether every user of the machine may look at it.
    ///
    /// # Errors
    /// Why the phase does not get to see it.
    pub fn file(&self, row: &Row, path: &AbsolutePath, real_path: &str, is_public: bool) -> Result<(), String> {
        self.ask(|grant| grant.allows_file(row, path, real_path, is_public))
    }

    /// Decides about what is in a file, or what a program printed. `what` names it in the message.
    ///
    /// # Errors
    /// Why the phase does not get to see it.
    pub fn content(&self, what: &str, content: &[u8]) -> Result<(), String> {
        self.ask(|_| match crate::secret::classify::classify(content) {
            Some(credential) => Err(format!("{what} holds {credential}, which is never shown to a plugin")),
            None => Ok(()),
        })
    }

    /// Decides about a proposal before it is carried out.
    ///
    /// # Errors
    /// What was not granted.
    pub fn effect(&self, effect: &Effect) -> Result<(), String> {
        self.ask(|grant| grant.allows_effect(effect))
    }
}
