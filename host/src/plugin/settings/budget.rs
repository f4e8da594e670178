//! The memory that the settings of all plugins may take together, and the bytes of their secrets.
use crate::{
    arguments::json,
    secret,
    wasm::{
        limits::{MAX_ALL_SECRET_SETTINGS, MAX_ALL_SETTINGS_BYTES},
        manifest::Manifest,
    },
};
use anyhow::{Result, bail};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The settings that the plugins of a configuration have so far, with their schemas. Plugins are
/// loaded side by side, and share it.
#[derive(Debug, Default)]
pub struct SettingsBudget {
    /// bytes of memory
    used: AtomicUsize,
    /// bytes of the secret settings
    secret: AtomicUsize,
}

impl SettingsBudget {
    /// Counts the settings of a plugin, with the defaults of their schema, and the schema.
    ///
    /// # Errors
    /// The settings of all plugins take too much memory, or their secrets are too long.
    pub fn spend(&self, manifest: &Manifest, settings: &Value) -> Result<()> {
        let added = json::memory(&manifest.settings).saturating_add(json::memory(settings));
        if exceeds(&self.used, added, MAX_ALL_SETTINGS_BYTES) {
            bail!(
                "the settings of all plugins take more than {MAX_ALL_SETTINGS_BYTES} bytes of \
                 memory, with their schemas; those of this plugin take {added}: shorten them, or \
                 remove a plugin"
            );
        }
        let secrets = secret::settings::hide(&manifest.settings, &mut settings.clone());
        let added = secrets.iter().map(|secret| secret.reveal().len()).sum();
        if exceeds(&self.secret, added, MAX_ALL_SECRET_SETTINGS) {
            bail!(
                "the secret settings of all plugins have more than {MAX_ALL_SECRET_SETTINGS} \
                 bytes; those of this plugin have {added}: shorten them, or remove a plugin"
            );
        }
        Ok(())
    }
}

/// Adds to a counter. Returns whether it exceeds its limit.
fn exceeds(counter: &AtomicUsize, added: usize, limit: usize) -> bool {
    let before = counter.fetch_add(added, Ordering::Relaxed);
    before.saturating_add(added) > limit
}
