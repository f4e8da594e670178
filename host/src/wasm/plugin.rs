//! One plugin: what it is, what it asks for, and what its component can express at all.
use super::{
    engine::{Engine, digest_of},
    gate::{self, Gate},
    grant::Grant,
    limits,
    manifest::{Manifest, Request},
    phase::{self, Guest},
};
use anyhow::{Context, Result, anyhow, bail};
use kubephase_wit::Imports;
use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};
use wasmparser::{Encoding, Parser, Payload};
use wasmtime::component::{Component, types::ComponentItem};

/// The package that plugins are written against; a track of versions is compatible within its minor version.
const PACKAGE: &str = "kubephase:plugin/";
const TRACK: &str = "@0.1.";

pub struct Plugin {
    manifest: Manifest,
    digest: String,
    component: Component,
    engine: wasmtime::Engine,
    imports: BTreeSet<String>,
    /// what the operator allowed of the manifest; all of it for the distribution's own
    granted: OnceLock<Vec<Request>>,
}

impl Plugin {
    pub(super) fn load(engine: &Engine, bytes: &[u8]) -> Result<Plugin> {
        is_component(bytes)?;
        let digest = digest_of(bytes);
        let component = engine.component(bytes, &digest)?;
        let imports = imports(&component, engine.inner())?;
        exports_phase(&component, engine.inner())?;
        let manifest = match Manifest::of(bytes)? {
            Some(manifest) => manifest,
            None => unannounced(&component, engine, &imports)?,
        };
        for request in &manifest.grants {
            if gate::of(&request.capability) == Some(Gate::Core) {
                bail!("plugin {}: {} is for the distribution's own phases", manifest.name, request.capability);
            }
            if !imports.contains(&request.capability) {
                bail!(
                    "plugin {}: its manifest asks for {}, but the component does not import it; take it out of plugin.yaml, or build the component that uses it",
                    manifest.name, request.capability
                );
            }
        }
        Ok(Plugin { manifest, digest, component, engine: engine.inner().clone(), imports, granted: OnceLock::new() })
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

    /// Restricts the plugin to what the operator allows, by capability.
    ///
    /// # Errors
    /// What it asks for that is not allowed, with what to write to allow it.
    pub fn allow(&self, allowed: &[String]) -> Result<()> {
        let missing: Vec<&Request> = self.manifest.grants.iter().filter(|request| !allowed.contains(&request.capability)).collect();
        if !missing.is_empty() {
            let asked: Vec<String> = missing.iter().map(|request| format!("  {}: {}", request.capability, request.reason)).collect();
            let names: Vec<&str> = missing.iter().map(|request| request.capability.as_str()).collect();
            bail!(
                "plugin {} asks for what it is not allowed:\n{}\nto allow it, add to its entry in the PhaseConfiguration: allow: [{}]",
                self.manifest.name,
                asked.join("\n"),
                names.join(", ")
            );
        }
        // Set once; a second allowance of the same plugin says the same.
        let _ = self.granted.set(self.manifest.grants.clone());
        Ok(())
    }

    /// What it may do.
    pub fn grant(&self) -> Arc<Grant> {
        let requests = self.granted.get().unwrap_or(&self.manifest.grants).clone();
        Arc::new(Grant::new(&self.manifest.name, requests))
    }

    /// The component behind the trait of phases. Every call has a fresh instance, and ends at the deadline.
    ///
    /// # Errors
    /// Where the component needs what this host does not have.
    pub fn phase<S: Imports + kubephase_wit::types::Host + Clone + 'static>(&self, session: S, deadline: Duration) -> Result<Guest<S>> {
        let who = format!("plugin {} {}", self.manifest.name, self.manifest.version);
        Guest::new(&self.engine, &self.component, session, deadline, who)
    }
}

fn is_component(bytes: &[u8]) -> Result<()> {
    if bytes.len() > limits::MAX_COMPONENT {
        bail!("the plugin is larger than {} MiB", limits::MAX_COMPONENT >> 20);
    }
    let mut payloads = Parser::new(0).parse_all(bytes);
    match payloads.next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => {}
        Some(Ok(Payload::Version { encoding: Encoding::Module, .. })) => {
            bail!("this is a core WebAssembly module, not a component; make it one with `wasm-tools component new`, or build it with the SDK")
        }
        _ => bail!("this is not WebAssembly"),
    }
    payloads.try_for_each(|payload| payload.map(drop)).map_err(|error| anyhow!("the component is damaged or cut short: {error}"))
}

/// What it imports, function by function; refused where the host has no such thing.
fn imports(component: &Component, engine: &wasmtime::Engine) -> Result<BTreeSet<String>> {
    let (mut found, mut unknown) = (BTreeSet::new(), Vec::new());
    for (name, item) in component.component_type().imports(engine) {
        let Some((interface, version)) = name.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')) else {
            unknown.push(format!("{name} is not part of {PACKAGE}*; the component was built for another world"));
            continue;
        };
        if !format!("@{version}").starts_with(TRACK) {
            unknown.push(format!("{name}: version {version} was asked for, this host speaks 0.1.0"));
            continue;
        }
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        for (function, item) in instance.exports(engine) {
            if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                let capability = format!("{interface}.{function}");
                if gate::of(&capability).is_none() {
                    let nearest = gate::all().min_by_key(|known| strsim::damerau_levenshtein(known, &capability)).unwrap_or_default();
                    unknown.push(format!("{capability} is unknown to this host (nearest: {nearest})"));
                }
                found.insert(capability);
            }
        }
    }
    if unknown.is_empty() { Ok(found) } else { bail!("the component needs what this host does not have:\n  {}", unknown.join("\n  ")) }
}

fn exports_phase(component: &Component, engine: &wasmtime::Engine) -> Result<()> {
    let wanted = format!("{PACKAGE}phase{TRACK}");
    let exports: Vec<String> = component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
    if exports.iter().any(|name| name.starts_with(&wanted)) {
        return Ok(());
    }
    bail!("the component does not export {PACKAGE}phase@0.1.0; it exports {}", if exports.is_empty() { "nothing".into() } else { exports.join(", ") })
}

/// A component without a manifest may only report: it is a check by the name it gives itself.
fn unannounced(component: &Component, engine: &Engine, imports: &BTreeSet<String>) -> Result<Manifest> {
    let gated: Vec<&String> = imports.iter().filter(|capability| gate::of(capability) != Some(Gate::Free)).collect();
    if !gated.is_empty() {
        let gated: Vec<&str> = gated.into_iter().map(String::as_str).collect();
        bail!("the component has no manifest, and imports what has to be asked for in one: {}", gated.join(", "));
    }
    let info = phase::describe(engine.inner(), component).context("the component has no manifest, and could not be asked what it is")?;
    Ok(Manifest::of_check(&info.name, &info.summary))
}
