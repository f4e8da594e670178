//! Plugins: the manifest of a plugin, the imports of its component, and what the operator allowed.
#![allow(
    clippy::disallowed_methods,
    reason = "plugins are the operator's files, not the node's"
)]
use super::{
    embedded, gate,
    grant::Grant,
    inspect,
    limits::{self, Waiter},
    manifest::Manifest,
    phase::{self, Bounds, Guest},
    request::Request,
    runtime::{Author, Runtime},
};
use crate::{
    cancel::Cancel, config::plugin_limits::Limits, operator_files, text::digest::sha256_hex,
};
use anyhow::{Context, Result, bail};
use kubephase_wit::Imports;
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt,
    io::Read,
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
pub enum Place {
    /// it is part of the program, by this name
    Embedded(&'static str),
    File(PathBuf),
}

/// A component that was read. Several plugins of one engine may share it.
pub(super) struct Component {
    manifest: Manifest,
    digest: String,
    imports: BTreeSet<String>,
    runtime: Runtime,
    /// the bytes until the component is compiled; empty then, to save memory
    bytes: Mutex<Bytes>,
    embedded: bool,
}

/// The place of a component's bytes until it is compiled. It is compiled at its first call.
enum Bytes {
    Held(Cow<'static, [u8]>),
    InFile(PathBuf),
}

/// Reads a component's file.
///
/// # Errors
/// The file cannot be read, is not a regular file, or is larger than a component may be.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    operator_files::read(path, limits::MAX_COMPONENT)
        .with_context(|| format!("cannot read {}", path.display()))
}

/// What was read of a component the first time. The cache keeps it by the BLAKE3 digest of the
/// component: reading the whole component again takes longer than calling it, and on many machines
/// so does computing its SHA-256.
#[derive(Serialize, Deserialize)]
struct Known {
    digest: String,
    imports: BTreeSet<String>,
    manifest: Manifest,
}

/// Version of the rules for manifests. What was read by other rules is not used.
const MANIFEST_RULES: u32 = 2;

impl Known {
    fn key(hash: &blake3::Hash) -> String {
        format!(
            "{}-{}-{}-{MANIFEST_RULES}.read",
            hash.to_hex(),
            env!("CARGO_PKG_VERSION"),
            inspect::VERSION
        )
    }

    fn of(runtime: &Runtime, hash: &blake3::Hash) -> Option<Known> {
        serde_json::from_slice(&runtime.cache().get(&Known::key(hash))?).ok()
    }

    /// Returns what the cache has of a component's file. Hashes the file piece by piece. None if
    /// the file has to be read whole: it is unknown, or may be an embedded component, or cannot be
    /// read.
    fn of_file(runtime: &Runtime, path: &Path) -> Option<Known> {
        let file = operator_files::open(path, limits::MAX_COMPONENT).ok()?;
        if embedded::is_as_long(file.metadata().ok()?.len()) {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        hasher
            .update_reader(file.take(limits::MAX_COMPONENT as u64 + 1))
            .ok()?;
        Known::of(runtime, &hasher.finalize())
    }

    /// Reads a whole component. Calls a component without a manifest to describe itself, and does
    /// not cache its answer.
    fn read(runtime: &Runtime, bytes: &[u8], hash: &blake3::Hash) -> Result<Known> {
        let (read, has_manifest) = Known::look(runtime, bytes)?;
        if has_manifest {
            read.keep(runtime, hash);
            return Ok(read);
        }
        let info = phase::describe(
            runtime,
            &runtime.component(bytes, &read.digest, Author::Other, &Cancel::never())?,
        );
        let info =
            info.context("the component has no manifest, and could not be asked what it is")?;
        let manifest = Manifest::of_check(&info.name, &info.summary)?;
        Ok(Known { manifest, ..read })
    }

    /// Reads a whole component without compiling or calling it. Returns whether it has a manifest.
    /// A component without a manifest is treated as a check without a name.
    fn look(runtime: &Runtime, bytes: &[u8]) -> Result<(Known, bool)> {
        let digest = sha256_hex(bytes);
        let outside = runtime.read_outside(bytes)?;
        let imports = outside.imported()?;
        outside.exports_phase()?;
        if let Some(text) = outside.manifest {
            return Ok((
                Known {
                    digest,
                    imports,
                    manifest: Manifest::parse(&text)?,
                },
                true,
            ));
        }
        only_reports(&imports)?;
        let manifest = Manifest::of_check(
            "unnamed",
            "a check without a manifest, which says its name when it is called",
        )?;
        Ok((
            Known {
                digest,
                imports,
                manifest,
            },
            false,
        ))
    }

    fn keep(&self, runtime: &Runtime, hash: &blake3::Hash) {
        if let Ok(text) = serde_json::to_vec(self) {
            runtime.cache().put(&Known::key(hash), &text);
        }
    }
}

/// The error that a plugin asks for more than the operator allowed.
#[derive(Debug)]
pub struct Ungranted {
    pub plugin: String,
    pub requests: Vec<Request>,
}

impl fmt::Display for Ungranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it asks for what it is not allowed:")?;
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

impl std::error::Error for Ungranted {}

impl Component {
    pub(super) fn open(runtime: &Runtime, place: &Place) -> Result<Component> {
        match place {
            Place::Embedded(name) => {
                let ours = embedded::named(name)
                    .with_context(|| format!("no plugin {name} is part of this program"))?;
                Component::read(runtime, ours.bytes.into())
            }
            Place::File(path) => match Known::of_file(runtime, path) {
                Some(known) => Component::of(runtime, known, Bytes::InFile(path.clone()), false),
                None => Component::read(runtime, read(path)?.into()),
            },
        }
    }

    /// Reads a component without compiling or calling it, even if its name can only be learned by
    /// calling it.
    pub(super) fn look(runtime: &Runtime, bytes: Cow<'static, [u8]>) -> Result<Component> {
        let (known, _) = Known::look(runtime, &bytes)?;
        let embedded = embedded::is_ours(&bytes);
        Component::of(runtime, known, Bytes::Held(bytes), embedded)
    }

    pub(super) fn read(runtime: &Runtime, bytes: Cow<'static, [u8]>) -> Result<Component> {
        let hash = blake3::hash(&bytes);
        let known = match Known::of(runtime, &hash) {
            Some(known) => known,
            None => Known::read(runtime, &bytes, &hash)?,
        };
        let embedded = embedded::is_ours(&bytes);
        Component::of(runtime, known, Bytes::Held(bytes), embedded)
    }

    fn of(runtime: &Runtime, known: Known, bytes: Bytes, embedded: bool) -> Result<Component> {
        let Known {
            digest,
            imports,
            manifest,
        } = known;
        let host = semver::Version::parse(env!("CARGO_PKG_VERSION"))?;
        manifest
            .requires
            .check(&host, &inspect::VERSION)
            .with_context(|| format!("plugin {} {}", manifest.name, manifest.version))?;
        for Request { capability, .. } in &manifest.grants {
            if !imports.contains(capability) {
                bail!(
                    "plugin {}: its manifest asks for {capability}, but the component does not \
                     import it; take it out of plugin.yaml, or build the component that uses it",
                    manifest.name
                );
            }
        }
        Ok(Component {
            manifest,
            digest,
            imports,
            runtime: runtime.clone(),
            bytes: Mutex::new(bytes),
            embedded,
        })
    }

    fn bytes(&self) -> MutexGuard<'_, Bytes> {
        self.bytes.lock()
    }

    /// Returns the compiled component; none if it was not compiled before.
    fn compiled_before(&self) -> Option<wasmtime::component::Component> {
        let found = self.runtime.compiled_before(&self.digest)?;
        *self.bytes() = Bytes::Held(Cow::default());
        Some(found)
    }

    /// Returns the compiled component. Compiles it if it was not compiled before.
    fn compiled(&self, cancel: &Cancel) -> Result<wasmtime::component::Component> {
        let author = if self.embedded {
            Author::Program
        } else {
            Author::Other
        };
        if let Some(found) = self.compiled_before() {
            return Ok(found);
        }
        let mut bytes = self.bytes();
        let compiled = match &*bytes {
            Bytes::Held(held) => self.runtime.component(held, &self.digest, author, cancel)?,
            Bytes::InFile(path) => {
                let there = read(path)?;
                if sha256_hex(&there) != self.digest {
                    bail!(
                        "{} was changed after it was looked at; start again",
                        path.display()
                    );
                }
                self.runtime
                    .component(&there, &self.digest, author, cancel)?
            }
        };
        *bytes = Bytes::Held(Cow::default());
        Ok(compiled)
    }
}

impl Plugin {
    pub(super) fn of(component: Arc<Component>) -> Plugin {
        let granted = OnceLock::new();
        if component.embedded {
            granted.get_or_init(|| component.manifest.grants.clone());
        }
        Plugin { component, granted }
    }

    pub fn manifest(&self) -> &Manifest {
        &self.component.manifest
    }

    /// Hexadecimal SHA-256 of the component.
    pub fn digest(&self) -> &str {
        &self.component.digest
    }

    /// The host functions that the component can call, as `interface.function`.
    pub fn imports(&self) -> &BTreeSet<String> {
        &self.component.imports
    }

    /// Gives the plugin what it asks for, if the operator allowed all of it: as lines (`granted`),
    /// or as whole capabilities (`allow`). A whole capability does not cover a request that amounts
    /// to root or to administrator of the cluster. Before this call only embedded plugins may do
    /// what they ask for.
    ///
    /// # Errors
    /// The requests that are not allowed.
    pub fn allow(&self, capabilities: &[String], lines: &[String]) -> Result<(), Ungranted> {
        let allowed = |request: &Request| {
            let as_a_whole = capabilities.contains(&request.capability)
                && request.risky_lines(&self.manifest().name).is_empty();
            as_a_whole || request.lines().iter().all(|line| lines.contains(line))
        };
        let missing: Vec<Request> = self
            .manifest()
            .grants
            .iter()
            .filter(|request| !allowed(request))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(Ungranted {
                plugin: self.manifest().name.clone(),
                requests: missing,
            });
        }
        self.granted.get_or_init(|| self.manifest().grants.clone());
        Ok(())
    }

    /// The grant of the plugin: what it may do.
    pub fn grant(&self) -> Arc<Grant> {
        let grant = Grant::new(
            &self.manifest().name,
            self.granted.get().cloned().unwrap_or_default(),
        );
        Arc::new(if self.component.embedded {
            grant.of_distribution()
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
        let who = format!(
            "plugin {} {}",
            self.manifest().name,
            self.manifest().version
        );
        let component = self
            .component
            .compiled(cancel)
            .with_context(|| who.clone())?;
        let grant = self.grant();
        let refused = self
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
                waiter: Waiter {
                    plugin: self.manifest().name.clone(),
                    cancel: cancel.clone(),
                    ..Waiter::default()
                },
            },
            who,
            refused,
        )
    }

    /// Loads the compiled component, if it was compiled before.
    pub fn fetch(&self) {
        self.component.compiled_before();
    }

    /// Compiles the component, unless it was compiled before.
    ///
    /// # Errors
    /// The component cannot be compiled.
    pub fn prepare(&self) -> Result<()> {
        self.component.compiled(&Cancel::never()).map(drop)
    }
}

/// Refuses a component without a manifest that imports more than reports: such a component may only
/// be a check that reports.
fn only_reports(imports: &BTreeSet<String>) -> Result<()> {
    let more: Vec<&str> = imports
        .iter()
        .map(String::as_str)
        .filter(|import| !import.starts_with("report."))
        .collect();
    if more.is_empty() {
        return Ok(());
    }
    bail!(
        "the component has no manifest, so it may only report; it imports {} as well",
        more.join(", ")
    )
}
