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
    sync::{Arc, OnceLock},
};

pub struct Plugin {
    manifest: Manifest,
    digest: String,
    imports: BTreeSet<String>,
    engine: Engine,
    /// to be compiled when it is first called; nothing where that was done before
    bytes: Cow<'static, [u8]>,
    /// what the operator allowed of the manifest
    granted: OnceLock<Vec<Request>>,
}

/// What was found when a component was first read through, kept with its compiled form: reading all of it again takes longer
/// than calling it.
#[derive(Serialize, Deserialize)]
struct Known {
    imports: BTreeSet<String>,
    manifest: Manifest,
}

impl Known {
    fn key(digest: &str) -> String {
        format!("{digest}-{}-{}.read", env!("CARGO_PKG_VERSION"), inspect::VERSION)
    }

    fn of(engine: &Engine, digest: &str) -> Option<Known> {
        serde_json::from_slice(&engine.cache().get(&Known::key(digest))?).ok()
    }

    fn keep(&self, engine: &Engine, digest: &str) {
        if let Ok(text) = serde_json::to_vec(self) {
            engine.cache().put(&Known::key(digest), &text);
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

impl Plugin {
    pub(super) fn load(engine: &Engine, bytes: Cow<'static, [u8]>) -> Result<Plugin> {
        let digest = digest_of(&bytes);
        let known = Known::of(engine, &digest);
        let Outside { imports, manifest } = match &known {
            Some(known) => Outside { imports: known.imports.clone(), manifest: None },
            None => inspect::inspect(&bytes)?,
        };
        let manifest = match (known, manifest) {
            (Some(known), _) => known.manifest,
            (None, Some(text)) => {
                let manifest = Manifest::parse(&text)?;
                Known { imports: imports.clone(), manifest: manifest.clone() }.keep(engine, &digest);
                manifest
            }
            (None, None) => {
                only_reports(&imports)?;
                let info = phase::describe(engine, &engine.component(&bytes, &digest)?);
                let info = info.context("the component has no manifest, and could not be asked what it is")?;
                Manifest::of_check(&info.name, &info.summary)?
            }
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
        let granted = OnceLock::new();
        if embedded::is_ours(&bytes) {
            granted.get_or_init(|| manifest.grants.clone());
        }
        // What comes from elsewhere is there to be called, and is not held in memory for nothing.
        let ready = matches!(bytes, Cow::Owned(_)) && engine.compiled_before(&digest).is_some();
        let bytes = if ready { Cow::default() } else { bytes };
        Ok(Plugin { manifest, digest, imports, engine: engine.clone(), bytes, granted })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Hexadecimal SHA-256 of the component.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Every host function the component can call, `interface.function`.
    pub fn imports(&self) -> &BTreeSet<String> {
        &self.imports
    }

    /// Gives the plugin what it asks for, where the operator allows all of it: whole capabilities, or line by line as
    /// they were locked. Until then it has nothing, but for the embedded plugins, which have what they ask for.
    ///
    /// # Errors
    /// What it asks for that is not allowed.
    pub fn allow(&self, capabilities: &[String], lines: &[String]) -> Result<(), Ungranted> {
        let allowed =
            |request: &Request| capabilities.contains(&request.capability) || request.lines().iter().all(|line| lines.contains(line));
        let missing: Vec<Request> = self.manifest.grants.iter().filter(|request| !allowed(request)).cloned().collect();
        if !missing.is_empty() {
            return Err(Ungranted(missing));
        }
        self.granted.get_or_init(|| self.manifest.grants.clone());
        Ok(())
    }

    /// What it may do.
    pub fn grant(&self) -> Arc<Grant> {
        Arc::new(Grant::new(&self.manifest.name, self.granted.get().cloned().unwrap_or_default()))
    }

    /// The component behind the trait of phases. Every call has a fresh instance, and ends at its limits.
    ///
    /// # Errors
    /// Where the component cannot be compiled, or needs what this host does not have.
    pub fn phase<S: Imports + kubephase_wit::types::Host + Clone + 'static>(&self, session: S, limits: Limits) -> Result<Guest<S>> {
        let who = format!("plugin {} {}", self.manifest.name, self.manifest.version);
        let component = self.engine.component(&self.bytes, &self.digest).with_context(|| who.clone())?;
        let grant = self.grant();
        let refused = self.imports.iter().filter(|import| gate::of(import) != Some(Gate::Free) && !grant.has(import)).cloned().collect();
        Guest::new(&self.engine, &component, session, limits, who, refused)
    }

    /// Compiles it, or finds it compiled.
    ///
    /// # Errors
    /// Where it cannot be compiled.
    pub fn prepare(&self) -> Result<()> {
        self.engine.component(&self.bytes, &self.digest).map(drop)
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
