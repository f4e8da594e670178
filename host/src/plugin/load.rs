//! Loads the plugins of a configuration and checks that each is allowed. Loading asks no questions
//! and changes nothing: a plugin that is not allowed ends the run before it begins, and the message
//! has the command that would allow it.
mod check;

pub use check::load_one;

use super::{
    consent,
    digest::ComponentDigest,
    lines,
    lock::{Lock, Locked},
    refused::PluginRefused,
    settings, source,
};
use crate::{
    config::{self, ConfigFile, PhaseConfiguration, PluginEntry, plugin_limits::Limits},
    parallel,
    pki::signature::Signer,
    plan::catalog::Catalog,
    plugin::registry::Fetched,
    wasm::{
        embedded,
        engine::Engine,
        plugin::{Place, Plugin},
    },
};
use anyhow::{Result, anyhow, bail};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path, sync::Arc, thread};

/// Plugins by name.
pub type Plugins = BTreeMap<String, Loaded>;

/// A plugin and what the configuration gives it.
#[derive(Clone)]
pub struct Loaded {
    pub plugin: Arc<Plugin>,
    pub settings: Value,
    pub limits: Limits,
    /// the signer whose signature was verified; none if no signature was required
    pub signer: Option<Signer>,
    /// what tells an unsigned file from one of another configuration, as the lock has it
    pub origin: Option<String>,
}

/// Adds the plugin that runs the configuration's rules, if the configuration has rules.
///
/// # Errors
/// The rule that is not valid.
pub fn rules(
    phases: &PhaseConfiguration,
    engine: &Engine,
    catalog: &mut Catalog,
    plugins: &mut Plugins,
) -> Result<(), PluginRefused> {
    let Some(embedded) = embedded::rules().filter(|_| !phases.rules.is_empty()) else {
        return Ok(());
    };
    let load = || -> Result<Loaded> {
        let plugin = engine.load(embedded.bytes)?;
        let settings = settings::resolve(plugin.manifest(), Some(&json!({"rules": phases.rules})))?;
        Ok(Loaded {
            plugin: Arc::new(plugin),
            settings,
            limits: Limits::default(),
            signer: None,
            origin: None,
        })
    };
    let loaded = load().map_err(|why| PluginRefused::new(format!("rules: {why:#}")))?;
    let manifest = loaded.plugin.manifest();
    catalog
        .add_plugin(&manifest.source(true), &manifest.provides)
        .map_err(|why| PluginRefused::new(why.to_string()))?;
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
    // The configuration that the cluster keeps for joining nodes has no lock: its entries have the
    // digest of each plugin.
    let lock = file
        .map_or_else(|| Ok(Lock::empty()), Lock::beside)
        .map_err(|why| PluginRefused::new(format!("{why:#}")))?;
    let file = file.unwrap_or(Path::new(""));
    for (entry, loaded) in entries
        .iter()
        .zip(parallel::map(entries, parallel::cores(), |entry| {
            load_one(entry, file, &lock, engine)
        }))
    {
        let loaded = loaded.map_err(|why| PluginRefused::new(format!("{why:#}")))?;
        let manifest = loaded.plugin.manifest();
        catalog
            .add_plugin(&manifest.source(false), &manifest.provides)
            .map_err(|why| PluginRefused::new(why.to_string()))?;
        if plugins.insert(entry.name.clone(), loaded).is_some() {
            return Err(PluginRefused::new(format!(
                "plugin {}: there is another plugin of this name",
                entry.name
            )));
        }
    }
    Ok(())
}

/// Returns the configuration with each plugin pinned as it was loaded: version, digest, signer and
/// grants. Secret settings are replaced by placeholders.
#[must_use]
pub fn pin_plugins(phases: &PhaseConfiguration, plugins: &Plugins) -> PhaseConfiguration {
    let mut phases = phases.clone();
    for entry in &mut phases.plugins {
        let Some(loaded) = plugins.get(&entry.name) else {
            continue;
        };
        let Loaded { plugin, signer, .. } = loaded;
        entry.version = semver::VersionReq::parse(&format!("={}", plugin.manifest().version)).ok();
        entry.digest = Some(plugin.digest().to_owned());
        entry.signer = signer.clone();
        entry.origin = loaded.origin.clone();
        // The cluster shows what it keeps to every node.
        entry.settings.iter_mut().for_each(|settings| {
            drop(crate::secret::settings::hide(
                &plugin.manifest().settings,
                &mut settings.0,
            ))
        });
        entry.granted = lines::requested(plugin);
        // What the lock says here, the entry has to say where there is no lock.
        let risks = consent::risks(plugin, |_| true);
        for word in risks.into_keys().map(consent::word) {
            if !entry.allow.iter().any(|allowed| allowed == word) {
                entry.allow.push(word.to_owned());
            }
        }
    }
    phases
}

/// The source of a plugin, and what the plugin has to be.
pub struct Wanted<'a> {
    pub source: &'a str,
    /// the folder that the source is relative to
    pub beside: &'a Path,
    /// digest of the component, if it is known
    pub pinned: Option<&'a str>,
    pub signer: Option<&'a Signer>,
    /// the command by which the operator accepts another signer, without `--signer` and
    /// `--digest`; none for a command that accepts nothing
    pub command: Option<&'a str>,
}

/// Fetches a plugin, verifies its signature if it has to have one, and reads it.
///
/// # Errors
/// The source cannot be fetched, or the plugin is refused.
pub fn open(wanted: &Wanted, engine: &Engine) -> Result<Plugin> {
    // The signature covers the component's bytes, so they are read whole and not by way of the
    // cache.
    match source::file(wanted.source, wanted.beside).filter(|_| wanted.signer.is_none()) {
        Some(path) => refused(wanted, engine.load_once(Place::File(path))),
        None => read(wanted, fetch(wanted)?.bytes, engine),
    }
}

/// Begins to open the plugins of a configuration in a thread, to save time when they are loaded.
/// Errors are dropped: loading meets them again.
pub fn preload(file: &ConfigFile, engine: &Engine) {
    // A pipe can be read only once.
    if !file.path().is_file() {
        return;
    }
    let (file, engine) = (file.clone(), engine.clone());
    let open = move || {
        let Ok(phases) = config::phase_configuration_of(&file) else {
            return;
        };
        let beside = file.path().parent().unwrap_or(Path::new(""));
        // `load` begins with the first, so this begins with the last.
        let paths = phases
            .plugins
            .iter()
            .rev()
            .filter_map(|entry| source::file(&entry.source, beside));
        let opened: Vec<Plugin> = paths
            .filter_map(|path| engine.load_once(Place::File(path)).ok())
            .collect();
        opened.iter().for_each(Plugin::fetch);
    };
    // If the thread cannot be started, `load` does all the work.
    let _ = thread::Builder::new().name("plugins".into()).spawn(open);
}

/// Fetches the component of a plugin, and verifies its signature if it has to have one.
///
/// # Errors
/// The source cannot be fetched, or the signature is missing or wrong.
pub fn fetch(wanted: &Wanted) -> Result<Fetched> {
    let fetched = source::fetch(wanted.source, wanted.beside, wanted.pinned)?;
    verify_signature(wanted, &fetched.bytes)?;
    Ok(fetched)
}

/// Reads a component that was fetched.
///
/// # Errors
/// The reason why the component is refused.
pub fn read(wanted: &Wanted, component: Vec<u8>, engine: &Engine) -> Result<Plugin> {
    refused(wanted, engine.load(component))
}

/// Reads a component that was fetched, as far as possible without compiling or calling it.
///
/// # Errors
/// The reason why the component is refused.
pub fn read_uncompiled(wanted: &Wanted, component: Vec<u8>, engine: &Engine) -> Result<Plugin> {
    refused(wanted, engine.look(component))
}

/// Names the source in the error of a component that is refused.
fn refused(wanted: &Wanted, read: Result<Plugin>) -> Result<Plugin> {
    Ok(read.map_err(|why| PluginRefused::new(format!("{}: {why:#}", wanted.source)))?)
}

/// Verifies the signature of a component, if the component has to have one.
///
/// # Errors
/// The signature is missing or wrong, or cannot be fetched.
pub fn verify_signature(wanted: &Wanted, component: &[u8]) -> Result<()> {
    let Wanted {
        source,
        beside,
        signer: Some(signer),
        command,
        ..
    } = wanted
    else {
        return Ok(());
    };
    let verified = match source::signature(source, beside, component)? {
        Some(signature) => signer.verify(component, &signature),
        None => Err(anyhow!("it has no signature")),
    };
    let refused = |why| {
        let digest = ComponentDigest::of(component);
        let other = command.map(|command| {
            format!(
                "; if another may sign it from now on: {command} --signer PUBLIC_KEY --digest \
                 {digest}"
            )
        });
        format!(
            "{source} has to be signed by {signer}: {why:#}\nget it from the owner of that key{}",
            other.unwrap_or_default()
        )
    };
    Ok(verified.map_err(|why: anyhow::Error| PluginRefused::new(refused(why)))?)
}

/// Returns the signer whose signature a plugin has to have, from the configuration or the lock;
/// none if neither names a signer. `command` writes the command that accepts a signer.
///
/// # Errors
/// The configuration and the lock name different signers.
pub fn signer<'a>(
    entry: Option<&'a PluginEntry>,
    locked: Option<&'a Locked>,
    command: impl Fn() -> String,
) -> Result<Option<&'a Signer>> {
    match (
        entry.and_then(|entry| entry.signer.as_ref()),
        locked.and_then(|locked| locked.signer.as_ref()),
    ) {
        (Some(named), Some(locked)) if named != locked => {
            bail!(
                "the configuration names the signer {named}, the lock {locked}; if the \
                 configuration is right: {} --signer {named}",
                command()
            )
        }
        (named, locked) => Ok(named.or(locked)),
    }
}

/// Refuses a name that a plugin of the program has.
///
/// # Errors
/// The name belongs to a plugin of the program.
pub fn check_name(name: &str) -> Result<(), PluginRefused> {
    if embedded::named(name).is_none() {
        return Ok(());
    }
    Err(PluginRefused::new(format!(
        "{name} is the name of a plugin that is part of kubephase; a plugin of yours needs another \
         name"
    )))
}

/// Returns the command by which the operator accepts a plugin as it is now; `digest` is that of the
/// component, if it was read.
pub fn allow_command(name: &str, config: &Path, digest: Option<&ComponentDigest>) -> String {
    format!(
        "kubephase plugin allow {name} --config {}{}",
        config.display(),
        digest_flag(digest)
    )
}

/// Returns the flag that names a component, after a space; empty without a digest.
pub fn digest_flag(digest: Option<&ComponentDigest>) -> String {
    digest
        .map(|digest| format!(" --digest {digest}"))
        .unwrap_or_default()
}
