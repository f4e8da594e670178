//! Credentials of registries, each bound to the registry that it belongs to.
//!
//! Credentials come from the environment (`KUBEPHASE_REGISTRY…`) or from files of container tools:
//! `auth.json` of Podman and others, `config.json` of Docker, and the credential helpers that these
//! files name.
#![allow(
    clippy::disallowed_methods,
    reason = "credentials are the operator's, not the node's"
)]
mod files;
mod helper;

use super::registry::reference::{Registry, is_loopback};
use crate::secret::Secret;
use anyhow::{Context, Result};
use files::{ConfigurationFile, files};
use std::env;
use url::{Host, Url};

/// The registry that [`USER`], [`PASSWORD`] and [`REALM`] belong to: `HOST[:PORT]`.
const REGISTRY: &str = "KUBEPHASE_REGISTRY";
/// The user name for [`REGISTRY`].
const USER: &str = "KUBEPHASE_REGISTRY_USER";
/// The password for [`REGISTRY`].
const PASSWORD: &str = "KUBEPHASE_REGISTRY_PASSWORD";
/// A token server (`HOST[:PORT]`) of another domain. The credentials of [`REGISTRY`] may be sent to
/// it.
const REALM: &str = "KUBEPHASE_REGISTRY_REALM";

/// Credentials for a registry.
#[derive(Clone, Debug)]
pub enum RegistryCredentials {
    Password {
        user: String,
        password: Secret<String>,
    },
    /// An identity token, which is exchanged for access tokens (`identitytoken` of Docker's
    /// configuration).
    Identity(Secret<String>),
}

/// The sources of registry credentials: the environment and files of container tools.
pub struct Keyring {
    /// The registry that the environment names ([`REGISTRY`]).
    registry: Option<Registry>,
    /// Credentials of that registry, from the environment.
    named: Option<RegistryCredentials>,
    /// A token server of another domain, to which the credentials of that registry may be sent.
    realm: Option<Registry>,
    /// Whether the environment has credentials but does not name their registry.
    is_unbound: bool,
    files: Vec<ConfigurationFile>,
}

impl Keyring {
    /// Returns a keyring of the sources that the environment names.
    ///
    /// # Errors
    /// `KUBEPHASE_REGISTRY` or `KUBEPHASE_REGISTRY_REALM` is not a registry.
    pub fn from_environment() -> Result<Keyring> {
        let (registry, realm) = (registry_variable(REGISTRY)?, registry_variable(REALM)?);
        let password = variable(USER).zip(variable(PASSWORD).map(Secret::new));
        let named =
            password.map(|(user, password)| RegistryCredentials::Password { user, password });
        Ok(Keyring::new(registry, named, realm, files()))
    }

    /// Returns a keyring of these sources. `named` are the credentials of the environment, which
    /// belong to `registry`.
    fn new(
        registry: Option<Registry>,
        named: Option<RegistryCredentials>,
        realm: Option<Registry>,
        files: Vec<ConfigurationFile>,
    ) -> Keyring {
        let is_unbound = registry.is_none() && named.is_some();
        Keyring {
            named: named.filter(|_| !is_unbound),
            registry,
            realm,
            is_unbound,
            files,
        }
    }

    /// Finds the credentials of a registry for one of its repositories; `None` if no source has
    /// any.
    ///
    /// # Errors
    /// A configuration file cannot be read, or a credential helper fails.
    pub async fn find(
        &self,
        registry: &Registry,
        repository: &str,
    ) -> Result<Option<RegistryCredentials>> {
        if let Some(named) = self.named.as_ref().filter(|_| self.is_named(registry)) {
            return Ok(Some(named.clone()));
        }
        for file in &self.files {
            let found = file.find(registry, repository).await;
            if let Some(found) = found.with_context(|| file.path.display().to_string())? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether the credentials of a registry may be sent to a token server (`realm`). They may be
    /// sent to the registry's own server; over HTTPS, to a server with the registrable domain of
    /// the registry; and to the server that the operator named for this registry ([`REALM`]), over
    /// HTTPS or if both are on this machine.
    pub fn may_receive(&self, registry: &Registry, realm: &Url) -> bool {
        let (Ok(own), Some(host)) = (registry.url(), realm.host()) else {
            return false;
        };
        let is_realm_local = is_loopback(&host);
        if realm.origin() == own.origin() {
            return true;
        }
        let is_secure = realm.scheme() == "https"
            || realm.scheme() == "http" && registry.is_local() && is_realm_local;
        let is_named_realm = self
            .realm
            .as_ref()
            .and_then(|named| named.url().ok())
            .is_some_and(|named| named.origin() == realm.origin());
        if is_secure && self.is_named(registry) && is_named_realm {
            return true;
        }
        match (own.host(), host) {
            (Some(Host::Domain(own)), Host::Domain(other)) if realm.scheme() == "https" => {
                psl::domain_str(own).is_some_and(|own| psl::domain_str(other) == Some(own))
            }
            _ => false,
        }
    }

    /// Returns the advice how the operator allows sending the credentials of a registry to a token
    /// server of another domain.
    pub fn realm_advice(registry: &Registry, realm: &Url) -> String {
        let port = realm
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let host = realm.host_str().unwrap_or_default();
        format!(
            "if that server is the right one, set {REGISTRY}={registry} and {REALM}={host}{port}"
        )
    }

    /// Explains why the credentials of the environment are not used for a registry; `None` if they
    /// are used, or there are none.
    pub fn explain_unused(&self, registry: &Registry) -> Option<String> {
        if self.is_unbound {
            return Some(format!(
                "{USER} and {PASSWORD} are set but not used, because {REGISTRY} does not say which \
                 registry they belong to; if it is this one, set {REGISTRY}={registry}"
            ));
        }
        let named = self
            .registry
            .as_ref()
            .filter(|_| self.named.is_some() && !self.is_named(registry))?;
        Some(format!(
            "{USER} and {PASSWORD} are not used, because they belong to {named} ({REGISTRY})"
        ))
    }

    /// Whether the environment names this registry.
    fn is_named(&self, registry: &Registry) -> bool {
        let named = self.registry.as_ref().and_then(|named| named.url().ok());
        named.is_some() && named == registry.url().ok()
    }
}

/// Returns the text of an environment variable, if it is set and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// Returns the registry that an environment variable names.
fn registry_variable(name: &str) -> Result<Option<Registry>> {
    variable(name)
        .map(|text| Registry::parse(&text).with_context(|| name.to_owned()))
        .transpose()
}

#[cfg(test)]
pub mod tests;
