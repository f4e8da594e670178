//! What a phase may observe and propose: everything for the distribution's own native phases, what was granted for
//! components.
use crate::{effect::Effect, wasm::grant::Grant};
use std::sync::Arc;

#[derive(Clone)]
pub enum Access {
    BuiltIn,
    Granted(Arc<Grant>),
}

impl Access {
    fn grant(&self, ask: impl FnOnce(&Grant) -> Result<(), String>) -> Result<(), String> {
        match self {
            Access::BuiltIn => Ok(()),
            Access::Granted(grant) => ask(grant),
        }
    }

    pub fn read_file(&self, path: &str) -> Result<(), String> {
        self.grant(|grant| grant.allows_read(path))
    }

    /// A host name or a URL.
    pub fn reach(&self, what: &str) -> Result<(), String> {
        self.grant(|grant| grant.allows_host(what))
    }

    pub fn command(&self, program: &str, args: &[String]) -> Result<(), String> {
        self.grant(|grant| grant.allows_command(program, args))
    }

    pub fn object(&self, verb: &str, api_version: &str, kind: &str, namespace: Option<&str>) -> Result<(), String> {
        self.grant(|grant| grant.allows_object(verb, api_version, kind, namespace))
    }

    pub fn effect(&self, effect: &Effect) -> Result<(), String> {
        self.grant(|grant| grant.allows_effect(effect))
    }
}
