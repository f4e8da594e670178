//! `plugin remove`, `plugin list` and `plugin verify`: the plugins of a configuration.
use crate::{
    cli::{Exit, print},
    config,
    plugin::{entry, load, lock::Lock, transaction::Transaction},
    program,
    run::owners,
    text::sanitise,
    wasm::{engine::Engine, gate::PLUGIN_DIRECTORIES, manifest::is_name},
    world::files::RootedFiles,
};
use anyhow::{Context, Result, bail};
use kubephase_wit::Failure;
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

/// Removes a plugin from a configuration. `purge` is the root of the tree in which the plugin's
/// directory is removed, too.
///
/// # Errors
/// The configuration does not name the plugin or cannot be changed, or the directory cannot be
/// removed.
pub fn remove(name: &str, config: &Path, purge: Option<&PathBuf>) -> Result<Exit> {
    if purge.is_some() && !is_name(name) {
        bail!(
            "{name:?} is not a valid name of a plugin, so nothing was removed; see `{} --config \
             {}`",
            program::command("plugin list"),
            program::path_word(config)
        );
    }
    let mut text = String::new();
    let phases = config::read_phase_configuration(config)?;
    if purge.is_none() || phases.plugins.iter().any(|entry| entry.name == name) {
        let mut change = Transaction::begin(config)?;
        let edit = entry::remove(config, name)?;
        change.lock.remove(name);
        change.commit(Some(edit))?;
        text += &format!("{name} is no longer part of {}\n", config.display());
    }
    if let Some(root) = purge {
        let files =
            RootedFiles::open(root).with_context(|| format!("cannot open {}", root.display()))?;
        owners::purge(&files, name).map_err(Failure::into_error)?;
        text += &format!("its directory is removed: {PLUGIN_DIRECTORIES}/{name}\n");
    }
    Ok(print::text(&text))
}

/// Returns a line about each plugin of a configuration, and whether all of the plugins can be
/// loaded.
///
/// # Errors
/// The configuration or its lock cannot be read.
pub fn describe_plugins(config: &Path, engine: &Engine) -> Result<(String, bool)> {
    let phases = config::read_phase_configuration(config)?;
    let lock = Lock::read_beside(config)?;
    let (mut text, mut are_loadable) = (String::new(), true);
    for entry in &phases.plugins {
        let state = match load::load_one(entry, config, &lock, engine) {
            Ok(loaded) => {
                let manifest = loaded.plugin.manifest();
                let phases: Vec<&str> = manifest
                    .provides
                    .iter()
                    .map(|phase| phase.spec.id.as_str())
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
                are_loadable = false;
                format!(
                    "refused: {}",
                    sanitise::multiline(&format!("{why:#}")).replace('\n', "\n    ")
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
    Ok((text, are_loadable))
}
