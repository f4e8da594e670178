//! Loads the plugins of a configuration and checks that each is allowed. Loading asks no questions
//! and changes nothing. A plugin that is not allowed ends the run before it begins; the message has
//! the command that would allow it.
mod all;
mod check;
mod early;
pub mod unlocked;

pub use all::{Loader, load_rules};
pub use check::load_one;
pub use early::EarlyPlugins;

use super::{
    consent, digest::ComponentDigest, lines, lock::LockedPlugin, refused::PluginRefused, settings,
    source,
};
use crate::{
    config::{self, ConfigFile, PhaseConfiguration, PluginEntry, plugin_limits::Limits},
    pki::signature::Signer,
    plugin::registry::FetchedComponent,
    program,
    wasm::{
        embedded,
        engine::Engine,
        plugin::{ComponentSource, Plugin},
    },
};
use anyhow::{Result, anyhow, bail};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

/// Plugins by name.
pub type Plugins = BTreeMap<String, LoadedPlugin>;

/// A plugin and what the configuration gives it.
#[derive(Clone)]
pub struct LoadedPlugin {
    pub plugin: Arc<Plugin>,
    pub settings: Value,
    pub limits: Limits,
    /// the signer whose signature was verified; `None` if no signature was required
    pub signer: Option<Signer>,
    /// the origin in the lock, which distinguishes an unsigned file from a file of another
    /// configuration
    pub origin: Option<String>,
}

/// Returns the file that names a plugin; an empty path if there is none. `named` is the file that
/// the operator names.
pub fn file_of<'a>(entry: &'a PluginEntry, named: Option<&'a Path>) -> &'a Path {
    entry.file.as_deref().or(named).unwrap_or(Path::new(""))
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
        let LoadedPlugin { plugin, signer, .. } = loaded;
        entry.version = semver::VersionReq::parse(&format!("={}", plugin.manifest().version)).ok();
        entry.digest = Some(plugin.digest().to_owned());
        entry.signer = signer.clone();
        entry.origin = loaded.origin.clone();
        // The configuration in the cluster can be read by every node.
        entry.settings.iter_mut().for_each(|settings| {
            drop(crate::secret::settings::hide(
                &plugin.manifest().settings,
                &mut settings.0,
            ))
        });
        entry.granted = lines::request_lines(plugin);
        // A joining node has no lock, so the entry has to accept the risks.
        let risks = consent::risks(plugin, |_| true);
        for word in risks.into_keys().map(consent::risk_word) {
            if !entry.allow.iter().any(|allowed| allowed == word) {
                entry.allow.push(word.to_owned());
            }
        }
    }
    phases
}

/// A request to load a plugin: its source, and what the component has to match.
pub struct LoadRequest<'a> {
    pub source: &'a str,
    /// the folder that the source is relative to
    pub base_dir: &'a Path,
    /// digest of the component, if it is known
    pub pinned: Option<&'a str>,
    pub signer: Option<&'a Signer>,
    /// the command by which the operator accepts another signer, without `--signer` and
    /// `--digest`; `None` if the message is to name no command
    pub command: Option<&'a str>,
}

/// Fetches a plugin, verifies its signature if it has to have one, and reads it.
///
/// # Errors
/// The source cannot be fetched, or the plugin is refused.
pub fn open(wanted: &LoadRequest, engine: &Engine) -> Result<Plugin> {
    // The signature covers the component's bytes, so a signed component is read whole and not from
    // the cache.
    let file = source::source_file(wanted.source, wanted.base_dir);
    let is_read =
        |path: &PathBuf| wanted.signer.is_none() && !source::is_only_cached(path, wanted.pinned);
    match file.filter(is_read) {
        Some(path) => with_source(wanted, engine.load_once(ComponentSource::File(path))),
        None => {
            let plugin = read(wanted, fetch(wanted)?.bytes, engine)?;
            // The bytes of many components would fill the memory. The code stays in its file.
            plugin.load_compiled();
            Ok(plugin)
        }
    }
}

/// Starts a thread that opens the plugins of a configuration, to save time when they are loaded.
/// Ignores errors, because loading reports them.
pub fn preload(file: &ConfigFile, engine: &Engine) {
    // A pipe can be read only once.
    if !file.operator_file().is_some_and(Path::is_file) {
        return;
    }
    let (file, engine) = (file.clone(), engine.clone());
    let open = move || {
        let Ok(phases) = file.documents().and_then(config::phase_configuration_of) else {
            return;
        };
        // `load_plugins` begins with the first plugin, so this thread begins with the last.
        let paths = phases.plugins.iter().rev().filter_map(|entry| {
            let base_dir = file_of(entry, file.operator_file()).parent()?;
            source::source_file(&entry.source, base_dir)
        });
        let opened: Vec<Plugin> = paths
            .filter_map(|path| engine.load_once(ComponentSource::File(path)).ok())
            .collect();
        opened.iter().for_each(Plugin::load_compiled);
    };
    // If the thread cannot be started, `load_plugins` does all the work.
    let _ = thread::Builder::new().name("plugins".into()).spawn(open);
}

/// Fetches the component of a plugin, and verifies its signature if it has to have one.
///
/// # Errors
/// The source cannot be fetched, or the signature is missing or wrong.
pub fn fetch(wanted: &LoadRequest) -> Result<FetchedComponent> {
    let fetched = source::fetch(wanted.source, wanted.base_dir, wanted.pinned)?;
    verify_signature(wanted, &fetched.bytes)?;
    Ok(fetched)
}

/// Reads a component that was fetched.
///
/// # Errors
/// The component is refused; the message says why.
pub fn read(wanted: &LoadRequest, component: Vec<u8>, engine: &Engine) -> Result<Plugin> {
    with_source(wanted, engine.load(component))
}

/// Reads a component that was fetched, as far as possible without compiling or calling it.
///
/// # Errors
/// The component is refused; the message says why.
pub fn read_uncompiled(
    wanted: &LoadRequest,
    component: Vec<u8>,
    engine: &Engine,
) -> Result<Plugin> {
    with_source(wanted, engine.load_uncompiled(component))
}

/// Names the source in the error of a component that is refused.
fn with_source(wanted: &LoadRequest, read: Result<Plugin>) -> Result<Plugin> {
    Ok(read.map_err(|why| PluginRefused::new(format!("{}: {why:#}", wanted.source)))?)
}

/// Verifies the signature of a component, if the component has to have one.
///
/// # Errors
/// The signature is missing or wrong, or cannot be fetched.
pub fn verify_signature(wanted: &LoadRequest, component: &[u8]) -> Result<()> {
    let LoadRequest {
        source,
        base_dir,
        signer: Some(signer),
        command,
        ..
    } = wanted
    else {
        return Ok(());
    };
    let verified = match source::signature(source, base_dir, component)? {
        Some(signature) => signer.verify(component, &signature),
        None => Err(anyhow!("it has no signature")),
    };
    let describe_refusal = |why| {
        let digest = ComponentDigest::compute(component);
        let other = command.map(|command| {
            format!(
                "; to accept another signer from now on, run: {command} --signer PUBLIC_KEY \
                 --digest {digest}"
            )
        });
        format!(
            "{source} has to be signed by {signer}: {why:#}\nget a signed plugin from the owner of \
             that key{}",
            other.unwrap_or_default()
        )
    };
    Ok(verified.map_err(|why: anyhow::Error| PluginRefused::new(describe_refusal(why)))?)
}

/// Returns the signer whose signature a plugin has to have, from the configuration or the lock;
/// `None` if neither names a signer. `command` writes the command that accepts a signer.
///
/// # Errors
/// The configuration and the lock name different signers.
pub fn required_signer<'a>(
    entry: Option<&'a PluginEntry>,
    locked: Option<&'a LockedPlugin>,
    command: impl Fn() -> String,
) -> Result<Option<&'a Signer>> {
    match (
        entry.and_then(|entry| entry.signer.as_ref()),
        locked.and_then(|locked| locked.signer.as_ref()),
    ) {
        (Some(named), Some(locked)) if named != locked => {
            bail!(
                "the configuration names the signer {named}, the lock {locked}; if the \
                 configuration is right, run: {} --signer {named}",
                command()
            )
        }
        (named, locked) => Ok(named.or(locked)),
    }
}

/// Refuses the name of a plugin that is part of the program.
///
/// # Errors
/// A plugin that is part of the program has this name.
pub fn check_name(name: &str) -> Result<(), PluginRefused> {
    if embedded::find(name).is_none() {
        return Ok(());
    }
    Err(PluginRefused::new(format!(
        "{name} is the name of a plugin that is part of kubephase; choose another name for your \
         plugin"
    )))
}

/// Returns the command by which the operator accepts the present plugin. `digest` is the digest of
/// the component, if it was read.
pub fn allow_command(name: &str, config: &Path, digest: Option<&ComponentDigest>) -> String {
    program::command(&format!(
        "plugin allow {} --config {}{}",
        program::word(name),
        program::path_word(config),
        digest_flag(digest)
    ))
}

/// Returns the flag that names a component, after a space; empty without a digest.
pub fn digest_flag(digest: Option<&ComponentDigest>) -> String {
    digest
        .map(|digest| format!(" --digest {digest}"))
        .unwrap_or_default()
}
