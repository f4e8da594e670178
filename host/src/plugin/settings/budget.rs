//! The memory that the settings of all plugins may take together.
use crate::{
    arguments::json,
    wasm::{limits::MAX_ALL_SETTINGS_BYTES, manifest::Manifest},
};
use anyhow::{Result, bail};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory that the settings of all plugins of a configuration take, with their schemas. Plugins
/// are loaded side by side, and share it.
#[derive(Debug, Default)]
pub struct SettingsBudget {
    /// bytes
    used: AtomicUsize,
}

impl SettingsBudget {
    /// Counts the settings of a plugin, with the defaults of their schema, and the schema.
    ///
    /// # Errors
    /// The settings of all plugins take too much memory.
    pub fn spend(&self, manifest: &Manifest, settings: &Value) -> Result<()> {
        let added = json::memory(&manifest.settings).saturating_add(json::memory(settings));
        let before = self.used.fetch_add(added, Ordering::Relaxed);
        if before.saturating_add(added) > MAX_ALL_SETTINGS_BYTES {
            bail!(
                "the settings of all plugins take more than {MAX_ALL_SETTINGS_BYTES} bytes of \
                 memory, with their schemas; those of this plugin take {added}: shorten them, or \
                 remove a plugin"
            );
        }
        Ok(())
    }
}
