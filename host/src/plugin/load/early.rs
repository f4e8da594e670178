//! Plugins that were loaded before a run is planned, because their phases are commands.
use super::LoadedPlugin;
use crate::config::PluginEntry;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};

/// Plugins that were loaded already. The first run that needs a plugin takes it; later runs of the
/// process load it themselves.
#[derive(Default)]
pub struct EarlyPlugins(Mutex<Vec<EarlyPlugin>>);

struct EarlyPlugin {
    /// the entry that the plugin was loaded and checked for
    entry: PluginEntry,
    /// the file that has the entry
    file: PathBuf,
    loaded: LoadedPlugin,
}

impl EarlyPlugins {
    /// Keeps a plugin for the run.
    pub fn keep(&self, entry: PluginEntry, file: &Path, loaded: LoadedPlugin) {
        self.0.lock().push(EarlyPlugin {
            entry,
            file: file.to_owned(),
            loaded,
        });
    }

    /// Takes the plugin of an entry; `None` if no plugin was loaded for an equal entry of the file.
    pub fn take(&self, entry: &PluginEntry, file: &Path) -> Option<LoadedPlugin> {
        let mut plugins = self.0.lock();
        let place = plugins
            .iter()
            .position(|early| early.entry == *entry && early.file == file)?;
        Some(plugins.swap_remove(place).loaded)
    }
}
