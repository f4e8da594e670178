//! The plugins of a configuration: added, allowed, looked at, taken out.
use crate::{
    cli::{Exit, print},
    config::{self, PhaseConfiguration, PluginEntry},
    plugin::{
        consent::{self, Consent},
        entry, inspect,
        load::{self, Wanted, allow_command},
        lock::{self, Lock, Locked},
        signature::Signer,
        source::Fetched,
    },
    report::sanitise,
    wasm::engine::Engine,
};
use anyhow::{Context, Result, bail};
use std::{fmt::Write, path::Path};

/// `allow` is the operator's consent, where the plugin is to be allowed what it asks for as well.
pub fn add(from: &str, config: &Path, allow: Option<Consent>, signer: Option<&str>, engine: &Engine) -> Result<Exit> {
    let given = signer.map(Signer::read).transpose()?;
    let beside = config.parent().unwrap_or(Path::new(""));
    // The configuration names a file from its own folder, wherever the command was typed.
    let source = if from.contains("://") { from.to_owned() } else { relative(from, beside)? };
    let command = format!("kubephase plugin add {from} --config {}", config.display());
    let mut wanted = Wanted { source: &source, beside, pinned: None, signer: given.as_ref(), command: &command };
    let Fetched { bytes, digest } = load::fetch(&wanted)?;
    let plugin = load::read(&wanted, bytes.clone(), engine)?;
    let name = &plugin.manifest().name;
    let phases = config::phases_of_file(config)?;
    let mut lock = Lock::beside(config)?;
    let known = Known::of(&phases, &lock, name);
    if given.is_none() {
        // It is known whose it has to be only now that it is known which plugin it is.
        wanted.signer = known.signer(&command)?;
        load::signed(&wanted, &bytes)?;
    }
    let signer = wanted.signer.cloned();
    let signed = known.signed(signer.as_ref());
    let before = lock.get(name).map(|locked| locked.granted.clone()).unwrap_or_default();
    if let Some(consent) = allow {
        consent.check(&plugin, &before, &format!("{command} --allow"))?;
    }
    plugin.prepare()?;
    let replaces: Vec<String> = plugin.manifest().provides.iter().flat_map(|row| row.replaces.clone()).collect();
    entry::add(config, name, &source, given.as_ref(), &replaces)?;
    let granted = if allow.is_some() { lock::asked(&plugin) } else { before.clone() };
    lock.set(&plugin, &source, digest, signer, granted.clone());
    lock.write()?;
    let mut text = format!("{name} {} is part of {}, locked in {}{signed}\n", plugin.manifest().version, config.display(), lock::FILE);
    let _ = replaces.iter().try_for_each(|phase| writeln!(text, "It stands in for {phase}."));
    match lock::difference(&plugin, &granted).0.is_empty() {
        true if granted.is_empty() => text += "It asks for nothing that has to be allowed.\n",
        true => text += &format!("It may:\n{}", inspect::change(&plugin, &[])),
        false => {
            let change = inspect::change(&plugin, &before);
            let (command, flags) = (allow_command(name, config), consent::flags(&plugin, &before));
            text += &format!("It asks for what it is not allowed yet:\n{change}Allow it with:\n\n  {command}{flags}\n");
        }
    }
    Ok(print::out(&text))
}

/// What the configuration and the lock say of a plugin.
struct Known<'a> {
    entry: Option<&'a PluginEntry>,
    locked: Option<&'a Locked>,
}

impl<'a> Known<'a> {
    fn of(phases: &'a PhaseConfiguration, lock: &'a Lock, name: &str) -> Self {
        Known { entry: phases.plugins.iter().find(|entry| entry.name == name), locked: lock.get(name) }
    }

    fn signer(&self, command: &str) -> Result<Option<&'a Signer>> {
        load::signer(self.entry, self.locked, command)
    }

    /// Whose signature it has, compared with whose it had to have until now.
    fn signed(&self, by: Option<&Signer>) -> String {
        let (entry, locked) = (self.entry.and_then(|entry| entry.signer.as_ref()), self.locked.and_then(|locked| locked.signer.as_ref()));
        match (locked.or(entry), by) {
            (_, None) => String::new(),
            (None, Some(by)) => format!(", signed by {by}"),
            (Some(before), Some(by)) if before == by => format!(", signed by {by} as before"),
            (Some(before), Some(by)) => format!(", signed by {by} and no longer by {before}"),
        }
    }
}

pub fn remove(name: &str, config: &Path) -> Result<Exit> {
    entry::remove(config, name)?;
    let mut lock = Lock::beside(config)?;
    lock.remove(name);
    lock.write()?;
    Ok(print::out(&format!("{name} is no longer part of {}\n", config.display())))
}

fn relative(path: &str, beside: &Path) -> Result<String> {
    let absolute = Path::new(path).canonicalize().with_context(|| format!("cannot find {path}"))?;
    let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside }.canonicalize()?;
    let shown = absolute.strip_prefix(&beside).map_or_else(|_| absolute.display().to_string(), |below| format!("./{}", below.display()));
    Ok(shown)
}

pub fn allow(name: &str, config: &Path, consent: Consent, signer: Option<&str>, engine: &Engine) -> Result<Exit> {
    let given = signer.map(Signer::read).transpose()?;
    let phases = config::phases_of_file(config)?;
    let mut lock = Lock::beside(config)?;
    let known = Known::of(&phases, &lock, name);
    let Some(entry) = known.entry else {
        bail!("{} names no plugin {name}; add it with `kubephase plugin add`", config.display());
    };
    let command = allow_command(name, config);
    let signer = match &given {
        Some(given) => Some(given),
        None => known.signer(&command)?,
    };
    let beside = config.parent().unwrap_or(Path::new(""));
    let wanted = Wanted { source: &entry.source, beside, pinned: None, signer, command: &command };
    let Fetched { bytes, digest } = load::fetch(&wanted)?;
    let plugin = load::read(&wanted, bytes, engine)?;
    let before = known.locked.map(|locked| locked.granted.clone()).unwrap_or_default();
    consent.check(&plugin, &before, &command)?;
    plugin.prepare()?;
    let (source, signer, signed) = (entry.source.clone(), signer.cloned(), known.signed(signer));
    let change = inspect::change(&plugin, &before);
    if given.is_some() {
        entry::add(config, name, &source, given.as_ref(), &[])?;
    }
    lock.set(&plugin, &source, digest, signer, lock::asked(&plugin));
    lock.write()?;
    let head = format!("{name} {} is locked{signed}; what it may do has", plugin.manifest().version);
    Ok(print::out(&match change.as_str() {
        "" => format!("{head} not changed\n"),
        change => format!("{head} changed:\n{change}"),
    }))
}

/// Every plugin of a configuration, a line each, and whether all of them are well.
pub fn states(config: &Path, engine: &Engine) -> Result<(String, bool)> {
    let phases = config::phases_of_file(config)?;
    let lock = Lock::beside(config)?;
    let (mut text, mut well) = (String::new(), true);
    for entry in &phases.plugins {
        let state = match load::one(entry, config, &lock, engine) {
            Ok(loaded) => {
                let manifest = loaded.plugin.manifest();
                let phases: Vec<&str> = manifest.provides.iter().map(|row| row.id.as_str()).collect();
                let signed = loaded.signer.map(|signer| format!(" signed by {signer}")).unwrap_or_default();
                format!("{} sha256:{} {}{signed}", manifest.version, &loaded.plugin.digest()[..12], phases.join(", "))
            }
            Err(why) => {
                well = false;
                format!("refused: {}", sanitise::block(&format!("{why:#}")).replace('\n', "\n    "))
            }
        };
        let _ = writeln!(text, "{:<20} {} {state}", entry.name, entry.source);
    }
    if phases.plugins.is_empty() {
        let _ = writeln!(text, "{} names no plugins", config.display());
    }
    Ok((text, well))
}
