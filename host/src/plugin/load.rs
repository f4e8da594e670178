//! The plugins of a configuration, each as far as it is allowed. Nothing is asked and nothing is changed: a plugin that may
//! not run ends the run before it begins, with the command that would allow it.
use super::{
    consent,
    lock::{self, Lock, Locked},
    settings,
    signature::Signer,
    source::{self, Fetched},
};
use crate::{
    config::{self, ConfigFile, PhaseConfiguration, PluginEntry},
    parallel,
    phase::catalog::{Catalog, Origin},
    wasm::{
        embedded,
        engine::{Engine, Place},
        limits::Limits,
        plugin::Plugin,
    },
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
    pub limits: Limits,
    /// whose signature it has, where one was asked for
    pub signer: Option<Signer>,
}

/// A plugin that the configuration names and that cannot be used; nothing was changed.
#[derive(Debug)]
pub struct PluginRefused(String);

impl PluginRefused {
    pub fn new(message: String) -> Self {
        PluginRefused(message)
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
        Ok(Loaded { plugin: Arc::new(plugin), settings, limits: Limits::default(), signer: None })
    };
    let loaded = load().map_err(|why| PluginRefused(format!("rules: {why:#}")))?;
    catalog.extend(loaded.plugin.manifest(), Origin::Embedded).map_err(|why| PluginRefused(why.to_string()))?;
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
    // What the cluster keeps for nodes that join is not beside a lock: it says itself what each plugin is.
    let lock = file.map_or_else(|| Ok(Lock::empty()), Lock::beside).map_err(|why| PluginRefused(format!("{why:#}")))?;
    let file = file.unwrap_or(Path::new(""));
    for (entry, loaded) in entries.iter().zip(parallel::map(entries, parallel::cores(), |entry| one(entry, file, &lock, engine))) {
        let loaded = loaded.map_err(|why| PluginRefused(format!("{why:#}")))?;
        catalog.extend(loaded.plugin.manifest(), Origin::ThirdParty).map_err(|why| PluginRefused(why.to_string()))?;
        if plugins.insert(entry.name.clone(), loaded).is_some() {
            return Err(PluginRefused(format!("plugin {}: there is another plugin of this name", entry.name)));
        }
    }
    Ok(())
}

/// A configuration with its plugins as they were loaded: version, digest, signer, what they may do; without the settings that a
/// plugin's schema marks as secret.
#[must_use]
pub fn pinned(phases: &PhaseConfiguration, plugins: &Plugins) -> PhaseConfiguration {
    let mut phases = phases.clone();
    for entry in &mut phases.plugins {
        let Some(Loaded { plugin, signer, .. }) = plugins.get(&entry.name) else { continue };
        entry.version = semver::VersionReq::parse(&format!("={}", plugin.manifest().version)).ok();
        entry.digest = Some(plugin.digest().to_owned());
        entry.signer = signer.clone();
        // The cluster shows what it keeps to every node.
        entry.settings.iter_mut().for_each(|settings| drop(crate::secret::settings::hide(&plugin.manifest().settings, settings)));
        entry.granted = super::lock::asked(plugin);
    }
    phases
}

/// Where a plugin is to come from, and what is demanded of it.
pub struct Wanted<'a> {
    pub source: &'a str,
    /// the folder that the source is named from
    pub beside: &'a Path,
    /// digest of the component, where that is known
    pub pinned: Option<&'a str>,
    pub signer: Option<&'a Signer>,
    /// the command that takes another signer, but for `--signer`
    pub command: &'a str,
}

/// Fetches a plugin and reads it, after a look at its signature where it has to have one.
///
/// # Errors
/// Where there is nothing to fetch, and why it is refused.
pub fn open(wanted: &Wanted, engine: &Engine) -> Result<Plugin> {
    // A signature is one of the very bytes.
    match source::file(wanted.source, wanted.beside).filter(|_| wanted.signer.is_none()) {
        Some(path) => refused(wanted, engine.load_once(Place::File(path))),
        None => read(wanted, fetch(wanted)?.bytes, engine),
    }
}

/// Begins to open the plugins that a configuration names, while other things are done: most of it is there when they are
/// loaded, and what fails is told then.
pub fn ahead(file: &ConfigFile, engine: &Engine) {
    // Whatever is no file can be read but once.
    if !file.path().is_file() {
        return;
    }
    let (file, engine) = (file.clone(), engine.clone());
    let open = move || {
        let Ok(phases) = config::phases_of(&file) else { return };
        let beside = file.path().parent().unwrap_or(Path::new(""));
        // Whoever loads them begins with the first.
        let paths = phases.plugins.iter().rev().filter_map(|entry| source::file(&entry.source, beside));
        let opened: Vec<Plugin> = paths.filter_map(|path| engine.load_once(Place::File(path)).ok()).collect();
        opened.iter().for_each(Plugin::fetch);
    };
    // Without the thread it is all done later.
    let _ = thread::Builder::new().name("plugins".into()).spawn(open);
}

/// Fetches the component of a plugin, likewise.
///
/// # Errors
/// Where there is nothing to fetch, and why it is refused.
pub fn fetch(wanted: &Wanted) -> Result<Fetched> {
    let fetched = source::fetch(wanted.source, wanted.beside, wanted.pinned)?;
    signed(wanted, &fetched.bytes)?;
    Ok(fetched)
}

/// Reads what was fetched.
///
/// # Errors
/// Why it is refused.
pub fn read(wanted: &Wanted, component: Vec<u8>, engine: &Engine) -> Result<Plugin> {
    refused(wanted, engine.load(component))
}

/// Reads what was fetched as far as it can be read without compiling or calling it.
///
/// # Errors
/// Why it is refused.
pub fn look(wanted: &Wanted, component: Vec<u8>, engine: &Engine) -> Result<Plugin> {
    refused(wanted, engine.look(component))
}

fn refused(wanted: &Wanted, read: Result<Plugin>) -> Result<Plugin> {
    Ok(read.map_err(|why| PluginRefused(format!("{}: {why:#}", wanted.source)))?)
}

/// Whether a component has the signature that it has to have; one that has to have none is not looked for.
///
/// # Errors
/// Why it is refused, or where there is no looking for its signature.
pub fn signed(wanted: &Wanted, component: &[u8]) -> Result<()> {
    let Wanted { source, beside, signer: Some(signer), command, .. } = wanted else { return Ok(()) };
    let verified = match source::signature(source, beside, component)? {
        Some(signature) => signer.verify(component, &signature),
        None => Err(anyhow!("it has no signature")),
    };
    let refused = |why| {
        format!(
            "{source} has to be signed by {signer}: {why:#}\nget it from whoever has that key; if another may sign it from now on: {command} --signer PUBLIC_KEY"
        )
    };
    Ok(verified.map_err(|why: anyhow::Error| PluginRefused(refused(why)))?)
}

/// Whose signature a plugin has to have: the configuration says it, or the lock.
///
/// # Errors
/// Where they name different ones.
pub fn signer<'a>(entry: Option<&'a PluginEntry>, locked: Option<&'a Locked>, command: &str) -> Result<Option<&'a Signer>> {
    match (entry.and_then(|entry| entry.signer.as_ref()), locked.and_then(|locked| locked.signer.as_ref())) {
        (Some(named), Some(locked)) if named != locked => {
            bail!(
                "the configuration names the signer {named}, the lock {locked}; if the configuration is right: {command} --signer {named}"
            )
        }
        (named, locked) => Ok(named.or(locked)),
    }
}

/// Refuses the names of the plugins that are part of the program.
///
/// # Errors
/// If one of them has the name.
pub fn check_name(name: &str) -> Result<(), PluginRefused> {
    if embedded::named(name).is_none() {
        return Ok(());
    }
    Err(PluginRefused(format!("{name} is the name of a plugin that is part of kubephase; a plugin of yours needs another name")))
}

/// A source as a command line names it.
fn shown_source(source: &str, config: &Path) -> String {
    if source.contains("://") {
        return source.to_owned();
    }
    config.parent().unwrap_or(Path::new("")).join(source).display().to_string()
}

/// The command that takes a plugin as it is now.
pub fn allow_command(name: &str, config: &Path) -> String {
    format!("kubephase plugin allow {name} --config {}", config.display())
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
    let command = allow_command(&entry.name, file);
    check_name(&entry.name)?;
    // An entry with a digest says itself what the plugin is; any other has to be what was locked.
    match locked {
        None if wanted.is_none() => bail!(
            "it is not in {}, so nobody said what it is and what it may do; to look at it: kubephase plugin inspect {}; to lock it as it is now, with what it asks for: {command}",
            lock::FILE,
            shown_source(&entry.source, file)
        ),
        Some(locked) if wanted.is_none() && locked.source != entry.source => bail!(
            "the configuration names the source {}, the lock {}; if the configuration is right: {command}",
            entry.source,
            locked.source
        ),
        _ => {}
    }
    let signer = signer(Some(entry), locked, &command)?;
    let beside = file.parent().unwrap_or(Path::new(""));
    let plugin = open(&Wanted { source: &entry.source, beside, pinned, signer, command: &command }, engine)?;
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
    if let Some(locked) = locked.filter(|locked| locked.digest != plugin.digest()) {
        bail!(
            "{} is not what was locked (version {}, digest {}{}); if it is meant to be another one now: {command}",
            entry.source,
            locked.version,
            locked.digest,
            locked.signer.as_ref().map(|_| ", the same signer").unwrap_or_default()
        );
    }
    let granted: Vec<String> = entry.granted.iter().chain(locked.iter().flat_map(|locked| &locked.granted)).cloned().collect();
    let flags = || consent::flags(&plugin, &granted);
    plugin.allow(&entry.allow, &granted).map_err(|ungranted| anyhow!("{ungranted}\nto allow it: {command}{}", flags()))?;
    let settings = settings::resolve(manifest, entry.settings.as_ref())?;
    Ok(Loaded { plugin: Arc::new(plugin), settings, limits: entry.limits, signer: signer.cloned() })
}
