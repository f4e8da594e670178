//! The plugins of a configuration, each as far as it is allowed. Nothing is asked and nothing is changed: a plugin that may
//! not run ends the run before it begins, with the command that would allow it.
use super::{lock::Lock, settings, source};
use crate::{
    config::{PhaseConfiguration, PluginEntry},
    phase::catalog::Catalog,
    wasm::{embedded, engine::Engine, plugin::Plugin},
};
use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, path::Path, sync::Arc, thread};

/// Plugins by name.
pub type Plugins = BTreeMap<String, Loaded>;

/// A plugin and what the configuration gives it.
#[derive(Clone)]
pub struct Loaded {
    pub plugin: Arc<Plugin>,
    pub settings: Value,
}

/// A plugin that the configuration names and that cannot be used; nothing was changed.
#[derive(Debug)]
pub struct PluginRefused(String);

impl PluginRefused {
    pub fn new(why: &str) -> Self {
        PluginRefused(why.to_owned())
    }
}

impl fmt::Display for PluginRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PluginRefused {}

/// Adds the plugin that runs the configuration's rules, where it has any.
///
/// # Errors
/// What of the rules does not fit.
pub fn rules(phases: &PhaseConfiguration, engine: &Engine, catalog: &mut Catalog, plugins: &mut Plugins) -> Result<(), PluginRefused> {
    let Some(embedded) = embedded::rules().filter(|_| !phases.rules.is_empty()) else { return Ok(()) };
    let load = || -> Result<Loaded> {
        let plugin = engine.load(embedded.bytes)?;
        let settings = settings::resolve(plugin.manifest(), Some(&json!({"rules": phases.rules})))?;
        Ok(Loaded { plugin: Arc::new(plugin), settings })
    };
    let loaded = load().map_err(|why| PluginRefused(format!("rules: {why:#}")))?;
    catalog.extend(loaded.plugin.manifest());
    plugins.insert(embedded.name.to_owned(), loaded);
    Ok(())
}

/// Loads the plugins that the configuration `file` names and adds their phases to the catalog.
///
/// # Errors
/// The first plugin that may not run, and why.
pub fn load(
    entries: &[PluginEntry],
    file: Option<&Path>,
    engine: &Engine,
    catalog: &mut Catalog,
    plugins: &mut Plugins,
) -> Result<(), PluginRefused> {
    if entries.is_empty() {
        return Ok(());
    }
    let file = file.unwrap_or(Path::new(""));
    let lock = Lock::beside(file).map_err(|why| PluginRefused(format!("{why:#}")))?;
    for (entry, loaded) in entries.iter().zip(side_by_side(entries, |entry| one(entry, file, &lock, engine))) {
        let loaded = loaded.map_err(|why| PluginRefused(format!("{why:#}")))?;
        catalog.extend(loaded.plugin.manifest());
        if plugins.insert(entry.name.clone(), loaded).is_some() {
            return Err(PluginRefused(format!("plugin {}: there is another plugin of this name", entry.name)));
        }
    }
    Ok(())
}

/// A configuration with its plugins as they were loaded: version, digest, what they may do.
#[must_use]
pub fn pinned(phases: &PhaseConfiguration, plugins: &Plugins) -> PhaseConfiguration {
    let mut phases = phases.clone();
    for entry in &mut phases.plugins {
        let Some(Loaded { plugin, .. }) = plugins.get(&entry.name) else { continue };
        entry.version = semver::VersionReq::parse(&format!("={}", plugin.manifest().version)).ok();
        entry.digest = Some(plugin.digest().to_owned());
        entry.granted = super::lock::asked(plugin);
    }
    phases
}

/// Does the same to all items, on all cores; results in the order of the items.
fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let work = &work;
    thread::scope(|scope| {
        let part = |part: &'_ [T]| part.iter().map(work).collect::<Vec<R>>();
        let workers: Vec<_> = items.chunks(items.len().div_ceil(cores).max(1)).map(|items| scope.spawn(move || part(items))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// One plugin, as a run would have it.
///
/// # Errors
/// Why a run would refuse it.
pub fn one(entry: &PluginEntry, file: &Path, lock: &Lock, engine: &Engine) -> Result<Loaded> {
    checked(entry, file, lock, engine).with_context(|| format!("plugin {}", entry.name))
}

fn checked(entry: &PluginEntry, file: &Path, lock: &Lock, engine: &Engine) -> Result<Loaded> {
    let locked = lock.get(&entry.name);
    let wanted = entry.digest.as_deref().map(|digest| digest.trim_start_matches("sha256:"));
    let pinned = wanted.or(locked.map(|locked| locked.digest.as_str()));
    let fetched = source::fetch(&entry.source, file.parent().unwrap_or(Path::new("")), pinned)?;
    let plugin = engine.load(&fetched.bytes).map_err(|why| anyhow!("{}: {why:#}", entry.source))?;
    let manifest = plugin.manifest();
    if manifest.name != entry.name {
        bail!("{} calls itself {}; the configuration has to use that name", entry.source, manifest.name);
    }
    if let Some(wanted) = wanted.filter(|wanted| *wanted != plugin.digest()) {
        bail!("{} has the digest {}, the configuration names {wanted}", entry.source, plugin.digest());
    }
    if let Some(wanted) = entry.version.as_ref().filter(|wanted| !wanted.matches(&manifest.version)) {
        bail!("{} is version {}, the configuration asks for {wanted}", entry.source, manifest.version);
    }
    let command = format!("kubephase plugin allow {} --config {}", entry.name, file.display());
    if let Some(locked) = locked.filter(|locked| locked.digest != plugin.digest()) {
        bail!(
            "{} is not what was locked (version {}, digest {}); if it is meant to be another one now: {command}",
            entry.source,
            locked.version,
            locked.digest
        );
    }
    let granted: Vec<String> = entry.granted.iter().chain(locked.iter().flat_map(|locked| &locked.granted)).cloned().collect();
    plugin.allow(&entry.allow, &granted).map_err(|ungranted| anyhow!("{ungranted}\nto allow it: {command}"))?;
    let settings = settings::resolve(manifest, entry.settings.as_ref())?;
    Ok(Loaded { plugin: Arc::new(plugin), settings })
}
