//! The plugins of a configuration: taken out, and looked at.
use crate::{
    cli::{Exit, print},
    config,
    plugin::{entry, load, lock::Lock, transaction::Transaction},
    text::sanitise,
    wasm::engine::Engine,
};
use anyhow::Result;
use std::{fmt::Write, path::Path};

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
