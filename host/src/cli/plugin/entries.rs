//! The plugins of a configuration: added, allowed, looked at, taken out.
use crate::{
    cli::{Exit, print},
    config::{self, PhaseConfiguration, PluginEntry},
    plugin::{
        consent::{self, Consent},
        entry, inspect,
        load::{self, PluginRefused, Wanted, allow_command},
        lock::{self, Lock, Locked},
        signature::Signer,
        source::Fetched,
        transaction::Transaction,
    },
    report::sanitise,
    wasm::engine::Engine,
};
use anyhow::{Context, Result, bail};
use std::{fmt::Write, path::Path};

/// `allow` is the operator's consent, where the plugin is to be allowed what it asks for as well.
pub fn add(
    from: &str,
    config: &Path,
    allow: Option<Consent>,
    signer: Option<&str>,
    engine: &Engine,
) -> Result<Exit> {
    let given = signer.map(Signer::read).transpose()?;
    let beside = config.parent().unwrap_or(Path::new(""));
    // The configuration names a file from its own folder, wherever the command was typed.
    let source = if from.contains("://") {
        from.to_owned()
    } else {
        relative(from, beside)?
    };
    let command = format!("kubephase plugin add {from} --config {}", config.display());
    let mut wanted = Wanted {
        source: &source,
        beside,
        pinned: None,
        signer: given.as_ref(),
        command: &command,
    };
    let Fetched { bytes, digest } = load::fetch(&wanted)?;
    let plugin = load::read(&wanted, bytes.clone(), engine)?;
    let name = &plugin.manifest().name;
    load::check_name(name)?;
    let expected = Expected::of(
        &config::phases_of_file(config)?,
        &Lock::beside(config)?,
        name,
        given.as_ref(),
        &command,
    )?;
    if given.is_none() {
        // It is known whose it has to be only now that it is known which plugin it is.
        wanted.signer = expected.signer.as_ref();
        load::verify_signature(&wanted, &bytes)?;
    }
    let signer = wanted.signer.cloned();
    let replaces: Vec<String> = plugin
        .manifest()
        .provides
        .iter()
        .flat_map(|row| row.replaces.clone())
        .collect();
    match allow {
        Some(consent) => {
            consent.check(&plugin, &expected.granted, &format!("{command} --allow"))?
        }
        None if expected.source.is_none() => check_replaced(name, &replaces, &command)?,
        None => {}
    }
    plugin.prepare()?;
    // All that takes time is done. What was read before has to hold still.
    let mut change = Transaction::begin(config)?;
    expected.check(&change, name, given.as_ref(), &command)?;
    let signed = Known::of(&change.phases, &change.lock, name).signed(signer.as_ref());
    let edit = entry::add(config, name, &source, given.as_ref(), &replaces)?;
    let before = expected.granted;
    let granted = if allow.is_some() {
        lock::asked(&plugin)
    } else {
        before.clone()
    };
    change
        .lock
        .set(&plugin, &source, digest, signer, granted.clone());
    change.commit(Some(edit))?;
    let mut text = format!(
        "{name} {} is part of {}, locked in {}{signed}\n",
        plugin.manifest().version,
        config.display(),
        lock::FILE
    );
    let _ = replaces
        .iter()
        .try_for_each(|phase| writeln!(text, "It stands in for {phase}."));
    match lock::difference(&plugin, &granted).0.is_empty() {
        true if granted.is_empty() => text += "It asks for nothing that has to be allowed.\n",
        true => text += &format!("It may:\n{}", inspect::change(&plugin, &[])),
        false => {
            let change = inspect::change(&plugin, &before);
            let (command, flags) = (
                allow_command(name, config),
                consent::flags(&plugin, &before),
            );
            text += &format!(
                "It asks for what it is not allowed yet:\n{change}Allow it with:\n\n  \
                 {command}{flags}\n"
            );
        }
    }
    Ok(print::out(&text))
}

/// Refuses a plugin that would stand in for more than addons, unless the operator allows it: what
/// it stands in for is done no longer, be it a check or a certificate.
fn check_replaced(name: &str, replaces: &[String], command: &str) -> Result<()> {
    let others: Vec<&str> = replaces
        .iter()
        .map(String::as_str)
        .filter(|phase| !phase.starts_with("addon/"))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let message = format!(
        "plugin {name} is to stand in for {}, which kubephase then does no longer.\nIf that is \
         meant: {command} --allow",
        others.join(", ")
    );
    Err(PluginRefused::new(message).into())
}

/// What the configuration and the lock said of a plugin before the slow work on it began.
#[derive(PartialEq)]
struct Expected {
    /// Whose signature the plugin has to have.
    signer: Option<Signer>,
    /// Where it comes from; none if it has no entry yet.
    source: Option<String>,
    /// Lines of what the plugin may do.
    granted: Vec<String>,
}

impl Expected {
    /// `given` is the signer that the operator named: it stands for those of the configuration and
    /// the lock, even where these differ.
    fn of(
        phases: &PhaseConfiguration,
        lock: &Lock,
        name: &str,
        given: Option<&Signer>,
        command: &str,
    ) -> Result<Expected> {
        let known = Known::of(phases, lock, name);
        Ok(Expected {
            signer: given
                .map_or_else(|| known.signer(command), |given| Ok(Some(given)))?
                .cloned(),
            source: known.entry.map(|entry| entry.source.clone()),
            granted: known
                .locked
                .map(|locked| locked.granted.clone())
                .unwrap_or_default(),
        })
    }

    /// Refuses to go on if another command changed the plugin meanwhile.
    fn check(
        &self,
        now: &Transaction,
        name: &str,
        given: Option<&Signer>,
        command: &str,
    ) -> Result<()> {
        let now = Expected::of(&now.phases, &now.lock, name, given, command)?;
        if *self == now {
            return Ok(());
        }
        bail!(
            "another command changed {name} meanwhile, and this one changed nothing; to try again: \
             {command}"
        )
    }
}

/// What the configuration and the lock say of a plugin.
struct Known<'a> {
    entry: Option<&'a PluginEntry>,
    locked: Option<&'a Locked>,
}

impl<'a> Known<'a> {
    fn of(phases: &'a PhaseConfiguration, lock: &'a Lock, name: &str) -> Self {
        Known {
            entry: phases.plugins.iter().find(|entry| entry.name == name),
            locked: lock.get(name),
        }
    }

    fn signer(&self, command: &str) -> Result<Option<&'a Signer>> {
        load::signer(self.entry, self.locked, command)
    }

    /// Whose signature it has, compared with whose it had to have until now.
    fn signed(&self, by: Option<&Signer>) -> String {
        let (entry, locked) = (
            self.entry.and_then(|entry| entry.signer.as_ref()),
            self.locked.and_then(|locked| locked.signer.as_ref()),
        );
        match (locked.or(entry), by) {
            (_, None) => String::new(),
            (None, Some(by)) => format!(", signed by {by}"),
            (Some(before), Some(by)) if before == by => format!(", signed by {by} as before"),
            (Some(before), Some(by)) => format!(", signed by {by} and no longer by {before}"),
        }
    }
}

pub fn remove(name: &str, config: &Path) -> Result<Exit> {
    let mut change = Transaction::begin(config)?;
    let edit = entry::remove(config, name)?;
    change.lock.remove(name);
    change.commit(Some(edit))?;
    Ok(print::out(&format!(
        "{name} is no longer part of {}\n",
        config.display()
    )))
}

fn relative(path: &str, beside: &Path) -> Result<String> {
    let absolute = Path::new(path)
        .canonicalize()
        .with_context(|| format!("cannot find {path}"))?;
    let beside = if beside.as_os_str().is_empty() {
        Path::new(".")
    } else {
        beside
    }
    .canonicalize()?;
    let shown = absolute.strip_prefix(&beside).map_or_else(
        |_| absolute.display().to_string(),
        |below| format!("./{}", below.display()),
    );
    Ok(shown)
}

pub fn allow(
    name: &str,
    config: &Path,
    consent: Consent,
    signer: Option<&str>,
    engine: &Engine,
) -> Result<Exit> {
    let given = signer.map(Signer::read).transpose()?;
    let command = allow_command(name, config);
    let phases = config::phases_of_file(config)?;
    let Some(entry) = phases.plugins.iter().find(|entry| entry.name == name) else {
        bail!(
            "{} names no plugin {name}; add it with `kubephase plugin add`",
            config.display()
        );
    };
    load::check_name(name)?;
    let expected = Expected::of(
        &phases,
        &Lock::beside(config)?,
        name,
        given.as_ref(),
        &command,
    )?;
    let beside = config.parent().unwrap_or(Path::new(""));
    let wanted = Wanted {
        source: &entry.source,
        beside,
        pinned: None,
        signer: expected.signer.as_ref(),
        command: &command,
    };
    let Fetched { bytes, digest } = load::fetch(&wanted)?;
    let plugin = load::read(&wanted, bytes, engine)?;
    if plugin.manifest().name != name {
        bail!(
            "{} calls itself {}; the configuration has to use that name",
            entry.source,
            plugin.manifest().name
        );
    }
    consent.check(&plugin, &expected.granted, &command)?;
    plugin.prepare()?;
    // All that takes time is done. What was read before has to hold still.
    let mut transaction = Transaction::begin(config)?;
    expected.check(&transaction, name, given.as_ref(), &command)?;
    let signed =
        Known::of(&transaction.phases, &transaction.lock, name).signed(expected.signer.as_ref());
    let change = inspect::change(&plugin, &expected.granted);
    let edit = given
        .is_some()
        .then(|| entry::add(config, name, &entry.source, given.as_ref(), &[]))
        .transpose()?;
    transaction.lock.set(
        &plugin,
        &entry.source,
        digest,
        expected.signer.clone(),
        lock::asked(&plugin),
    );
    transaction.commit(edit)?;
    let head = format!(
        "{name} {} is locked{signed}; what it may do has",
        plugin.manifest().version
    );
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
        let state = match load::load_one(entry, config, &lock, engine) {
            Ok(loaded) => {
                let manifest = loaded.plugin.manifest();
                let phases: Vec<&str> = manifest
                    .provides
                    .iter()
                    .map(|row| row.id.as_str())
                    .collect();
                let signed = loaded
                    .signer
                    .map(|signer| format!(" signed by {signer}"))
                    .unwrap_or_default();
                format!(
                    "{} sha256:{} {}{signed}",
                    manifest.version,
                    &loaded.plugin.digest()[..12],
                    phases.join(", ")
                )
            }
            Err(why) => {
                well = false;
                format!(
                    "refused: {}",
                    sanitise::block(&format!("{why:#}")).replace('\n', "\n    ")
                )
            }
        };
        let _ = writeln!(
            text,
            "{:<20} {} {state}",
            sanitise::line(&entry.name),
            sanitise::line(&entry.source)
        );
    }
    if phases.plugins.is_empty() {
        let _ = writeln!(text, "{} names no plugins", config.display());
    }
    Ok((text, well))
}
