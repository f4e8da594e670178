//! Plugins: the component of a plugin, and the requests that the operator allowed.
#![allow(
    clippy::disallowed_methods,
    reason = "plugins are the operator's files, not the node's"
)]
mod component;

pub(super) use component::Component;

use super::{
    gate,
    grant::Grant,
    limits::{self, Waiter},
    manifest::Manifest,
    phase::{Bounds, Guest},
    request::Request,
};
use crate::{cancel::Cancel, config::plugin_limits::Limits, operator_files};
use anyhow::{Context, Result};
use kubephase_wit::Imports;
use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// A plugin of one run, with what the operator allowed.
pub struct Plugin {
    component: Arc<Component>,
    /// the requests of the manifest that the operator allowed
    granted: OnceLock<Vec<Request>>,
}

/// The source of a component.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ComponentSource {
    /// it is part of the program, by this name
    Embedded(&'static str),
    File(PathBuf),
}

/// Reads a component's file.
///
/// # Errors
/// The file cannot be read, is not a regular file, or is larger than a component may be.
pub fn read_component_file(path: &Path) -> Result<Vec<u8>> {
    operator_files::read(path, limits::MAX_COMPONENT)
        .with_context(|| format!("cannot read {}", path.display()))
}

/// The error that a plugin asks for more than the operator allowed.
#[derive(Debug)]
pub struct UngrantedRequests {
    /// name of the plugin
    pub plugin: String,
    /// requests of which the operator did not allow all lines
    pub requests: Vec<Request>,
}

impl fmt::Display for UngrantedRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it asks for more than it is allowed:")?;
        for request in &self.requests {
            for line in request.lines() {
                write!(f, "\n  {line}: {}", request.reason)?;
            }
            for warning in request.warnings(&self.plugin, |_| true) {
                write!(f, "\n    ! {warning}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for UngrantedRequests {}

impl Plugin {
    pub(super) fn new(component: Arc<Component>) -> Plugin {
        let granted = OnceLock::new();
        if component.is_embedded {
            granted.get_or_init(|| component.manifest.grants.clone());
        }
        Plugin { component, granted }
    }

    /// Returns the manifest of the component.
    pub fn manifest(&self) -> &Manifest {
        &self.component.manifest
    }

    /// Returns the hexadecimal SHA-256 of the component.
    pub fn digest(&self) -> &str {
        &self.component.sha256
    }

    /// Returns the host functions that the component can call, as `interface.function`.
    pub fn imports(&self) -> &BTreeSet<String> {
        &self.component.imports
    }

    /// Grants the plugin what it asks for, if the operator allowed all of it: as lines, or as whole
    /// capabilities. A whole capability does not cover a request that amounts to root or to
    /// administrator of the cluster. Before this call only embedded plugins may do what they ask
    /// for.
    ///
    /// # Errors
    /// The operator did not allow all requests; the error has the others.
    pub fn allow(
        &self,
        capabilities: &[String],
        lines: &[String],
    ) -> Result<(), UngrantedRequests> {
        let is_allowed = |request: &Request| {
            let is_of_allowed_capability = capabilities.contains(&request.capability)
                && request.risky_lines(&self.manifest().name).is_empty();
            is_of_allowed_capability || request.lines().iter().all(|line| lines.contains(line))
        };
        let missing: Vec<Request> = self
            .manifest()
            .grants
            .iter()
            .filter(|request| !is_allowed(request))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(UngrantedRequests {
                plugin: self.manifest().name.clone(),
                requests: missing,
            });
        }
        self.granted.get_or_init(|| self.manifest().grants.clone());
        Ok(())
    }

    /// Returns the bytes of memory that the compiled component takes while it is loaded.
    pub fn loaded_bytes(&self) -> u64 {
        self.component.loaded_bytes
    }

    /// Returns the interfaces of WASI that the component imports. Calling one of their functions
    /// ends the phase.
    pub fn wasi_imports(&self) -> &[String] {
        &self.component.wasi
    }

    /// Returns the grant of the plugin: what it may do.
    pub fn grant(&self) -> Arc<Grant> {
        let grant = Grant::new(
            &self.manifest().name,
            self.granted.get().cloned().unwrap_or_default(),
        );
        Arc::new(if self.component.is_embedded {
            grant.for_embedded_plugin()
        } else {
            grant
        })
    }

    /// Makes a phase of the component. Every call gets a fresh instance, and ends at its limits or
    /// when the run is cancelled.
    ///
    /// # Errors
    /// The component cannot be compiled, or imports functions that this host does not have.
    pub fn phase<S: Imports + kubephase_wit::types::Host + Clone + 'static>(
        &self,
        session: S,
        limits: Limits,
        cancel: &Cancel,
    ) -> Result<Guest<S>> {
        let label = format!(
            "plugin {} {}",
            self.manifest().name,
            self.manifest().version
        );
        let component = self
            .component
            .compile(cancel)
            .with_context(|| label.clone())?;
        let grant = self.grant();
        let denied = self
            .imports()
            .iter()
            .filter(|import| gate::needs_grant(import) && !grant.has(import))
            .cloned()
            .collect();
        Guest::new(
            &self.component.runtime,
            &component,
            session,
            Bounds {
                limits,
                instance_bytes: self.component.instance_bytes,
                waiter: Waiter {
                    plugin: self.manifest().name.clone(),
                    cancel: cancel.clone(),
                    ..Waiter::default()
                },
                time: None,
            },
            label,
            denied,
            !self.component.wasi.is_empty(),
        )
    }

    /// Loads the compiled component from the cache, if it was compiled before.
    pub fn load_compiled(&self) {
        self.component.find_compiled();
    }

    /// Compiles the component, unless it was compiled before.
    ///
    /// # Errors
    /// The component cannot be compiled.
    pub fn prepare(&self) -> Result<()> {
        self.component.compile(&Cancel::never()).map(drop)
    }
}
