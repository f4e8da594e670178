//! What a phase may observe and propose: everything for the distribution's own native phases, what was granted for
//! components.
use crate::{effect::Effect, wasm::grant::Grant};
use kubephase_wit::ObjectRef;
use std::sync::Arc;

#[derive(Clone)]
pub enum Access {
    BuiltIn,
    Granted(Arc<Grant>),
}

impl Access {
    /// Whether this is a phase of the distribution itself.
    pub fn is_built_in(&self) -> bool {
        matches!(self, Access::BuiltIn)
    }

    fn grant(&self, ask: impl FnOnce(&Grant) -> Result<(), String>) -> Result<(), String> {
        match self {
            Access::BuiltIn => Ok(()),
            Access::Granted(grant) => ask(grant),
        }
    }

    /// Through this function of `observe-files`.
    pub fn read(&self, capability: &str, path: &str) -> Result<(), String> {
        self.grant(|grant| grant.allows_read(capability, path))
    }

    /// What was read, before it is shown.
    pub fn show(&self, path: &str, real: &str, content: &[u8]) -> Result<(), String> {
        self.grant(|grant| grant.allows_content(path, real, content))
    }

    /// A file that is shown to a server, not to the phase.
    pub fn identity(&self, path: &str) -> Result<(), String> {
        self.grant(|grant| grant.allows_identity(path))
    }

    /// A host name or a URL, through this function of `observe-net`.
    pub fn reach(&self, capability: &str, what: &str) -> Result<(), String> {
        self.grant(|grant| grant.allows_host(capability, what))
    }

    /// A program that only reads.
    pub fn command(&self, program: &str, args: &[String]) -> Result<(), String> {
        self.grant(|grant| grant.allows_command("observe-command.run-command", program, args))
    }

    pub fn get(&self, of: &ObjectRef) -> Result<(), String> {
        let (namespace, name) = (of.namespace.as_deref(), Some(of.name.as_str()));
        self.grant(|grant| grant.allows_object("observe-cluster.get-object", &of.api_version, &of.kind, namespace, name))
    }

    pub fn list(&self, api_version: &str, kind: &str, namespace: Option<&str>) -> Result<(), String> {
        self.grant(|grant| grant.allows_object("observe-cluster.list-objects", api_version, kind, namespace, None))
    }

    /// What only the distribution's own phases may.
    pub fn core(&self, capability: &str) -> Result<(), String> {
        self.grant(|_| Err(format!("{capability} is for the distribution's own phases")))
    }

    pub fn effect(&self, effect: &Effect) -> Result<(), String> {
        self.grant(|grant| grant.allows_effect(effect))
    }
}
