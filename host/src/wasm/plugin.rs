//! One plugin: what it is, what it asks for, and what its component can express at all.
use super::{
    embedded,
    engine::{Engine, digest_of},
    gate::{self, Gate},
    grant::Grant,
    inspect::{self, Outside},
    limits::Limits,
    manifest::{Manifest, Request},
    phase::{self, Guest},
};
use anyhow::{Context, Result, bail};
use kubephase_wit::Imports;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

pub struct Plugin {
    component: Arc<Component>,
    /// what the operator allowed of the manifest
    granted: OnceLock<Vec<Request>>,
}

/// A component that was read, whoever uses it.
pub(super) struct Component {
    manifest: Manifest,
    digest: String,
    imports: BTreeSet<String>,
    engine: Engine,
    /// to be compiled when it is first called, and nothing after that: no more is held in memory than is needed
    bytes: Mutex<Cow<'static, [u8]>>,
    embedded: bool,
}

/// What was found when a component was first read through, kept beside its compiled form by its BLAKE3: reading all of it
/// again takes longer than calling it, and so does its SHA-256 on many machines.
#[derive(Serialize, Deserialize)]
struct Known {
    digest: String,
    imports: BTreeSet<String>,
    manifest: Manifest,
}

impl Known {
    fn key(bytes: &[u8]) -> String {
        format!("{}-{}-{}.read", blake3::hash(bytes).to_hex(), env!("CARGO_PKG_VERSION"), inspect::VERSION)
    }

    fn of(engine: &Engine, bytes: &[u8]) -> Option<Known> {
        serde_json::from_slice(&engine.cache().get(&Known::key(bytes))?).ok()
    }

    /// Reads it through. What it only says of itself when it is called is asked anew each time.
    fn read(engine: &Engine, bytes: &[u8]) -> Result<Known> {
        let digest = digest_of(bytes);
        let Outside { imports, manifest } = inspect::inspect(bytes)?;
        if let Some(text) = manifest {
            let known = Known { digest, imports, manifest: Manifest::parse(&text)? };
            known.keep(engine, bytes);
            return Ok(known);
        }
        only_reports(&imports)?;
        let info = phase::describe(engine, &engine.component(bytes, &digest)?);
        let info = info.context("the component has no manifest, and could not be asked what it is")?;
        let manifest = Manifest::of_check(&info.name, &info.summary)?;
        Ok(Known { digest, imports, manifest })
    }

    fn keep(&self, engine: &Engine, bytes: &[u8]) {
        if let Ok(text) = serde_json::to_vec(self) {
            engine.cache().put(&Known::key(bytes), &text);
        }
    }
}

/// What a plugin asks for and is not allowed.
#[derive(Debug)]
pub struct Ungranted(pub Vec<Request>);

impl fmt::Display for Ungranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it asks for what it is not allowed:")?;
        for request in &self.0 {
            for line in request.lines() {
                write!(f, "\n  {line}: {}", request.reason)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Ungranted {}

impl Component {
    pub(super) fn read(engine: &Engine, bytes: Cow<'static, [u8]>) -> Result<Component> {
        let Known { digest, imports, manifest } = match Known::of(engine, &bytes) {
            Some(known) => known,
            None => Known::read(engine, &bytes)?,
        };
        let host = semver::Version::parse(env!("CARGO_PKG_VERSION"))?;
        manifest.requires.check(&host, &inspect::VERSION).with_context(|| format!("plugin {} {}", manifest.name, manifest.version))?;
        for Request { capability, .. } in &manifest.grants {
            if !imports.contains(capability) {
                bail!(
                    "plugin {}: its manifest asks for {capability}, but the component does not import it; take it out of plugin.yaml, or build the component that uses it",
                    manifest.name
                );
            }
        }
        let embedded = embedded::is_ours(&bytes);
        Ok(Component { manifest, digest, imports, engine: engine.clone(), bytes: Mutex::new(bytes), embedded })
    }

    fn bytes(&self) -> MutexGuard<'_, Cow<'static, [u8]>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The compiled form, where it was compiled before.
    fn compiled_before(&self) -> Option<wasmtime::component::Component> {
        let found = self.engine.compiled_before(&self.digest)?;
        *self.bytes() = Cow::default();
        Some(found)
    }

    fn compiled(&self) -> Result<wasmtime::component::Component> {
        if let Some(found) = self.compiled_before() {
            return Ok(found);
        }
        let mut bytes = self.bytes();
        let compiled = self.engine.component(&bytes, &self.digest)?;
        *bytes = Cow::default();
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

    /// Every host function the component can call, `interface.function`.
    pub fn imports(&self) -> &BTreeSet<String> {
        &self.component.imports
    }

    /// Gives the plugin what it asks for, where the operator allows all of it: whole capabilities, or line by line as
    /// they were locked. Until then it has nothing, but for the embedded plugins, which have what they ask for.
    ///
    /// # Errors
    /// What it asks for that is not allowed.
    pub fn allow(&self, capabilities: &[String], lines: &[String]) -> Result<(), Ungranted> {
        let allowed =
            |request: &Request| capabilities.contains(&request.capability) || request.lines().iter().all(|line| lines.contains(line));
        let missing: Vec<Request> = self.manifest().grants.iter().filter(|request| !allowed(request)).cloned().collect();
        if !missing.is_empty() {
            return Err(Ungranted(missing));
        }
        self.granted.get_or_init(|| self.manifest().grants.clone());
        Ok(())
    }

    /// What it may do.
    pub fn grant(&self) -> Arc<Grant> {
        Arc::new(Grant::new(&self.manifest().name, self.granted.get().cloned().unwrap_or_default()))
    }

    /// The component behind the trait of phases. Every call has a fresh instance, and ends at its limits.
    ///
    /// # Errors
    /// Where the component cannot be compiled, or needs what this host does not have.
    pub fn phase<S: Imports + kubephase_wit::types::Host + Clone + 'static>(&self, session: S, limits: Limits) -> Result<Guest<S>> {
        let who = format!("plugin {} {}", self.manifest().name, self.manifest().version);
        let component = self.component.compiled().with_context(|| who.clone())?;
        let grant = self.grant();
        let refused = self.imports().iter().filter(|import| gate::of(import) != Some(Gate::Free) && !grant.has(import)).cloned().collect();
        Guest::new(&self.component.engine, &component, session, limits, who, refused)
    }

    /// Has it ready to be called, where it was compiled before.
    pub fn fetch(&self) {
        self.component.compiled_before();
    }

    /// Compiles it, or finds it compiled.
    ///
    /// # Errors
    /// Where it cannot be compiled.
    pub fn prepare(&self) -> Result<()> {
        self.component.compiled().map(drop)
    }
}

/// A component without a manifest may only report: it is a check by the name it gives itself.
fn only_reports(imports: &BTreeSet<String>) -> Result<()> {
    let more: Vec<&str> = imports.iter().map(String::as_str).filter(|import| !import.starts_with("report.")).collect();
    if more.is_empty() {
        return Ok(());
    }
    bail!("the component has no manifest, so it may only report; it imports {} as well", more.join(", "))
}
