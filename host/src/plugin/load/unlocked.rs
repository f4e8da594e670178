//! A plugin that its author tries in a rehearsal: it takes part as it was built, without a line of
//! the lock and without the operator's consent. A rehearsal does not change the machine.
use super::{LoadedPlugin, check_name};
use crate::{
    config::{PhaseConfiguration, PluginEntry},
    plugin::{lines::request_lines, settings, source},
    wasm::{
        engine::Engine,
        plugin::{ComponentSource, Plugin},
    },
};
use anyhow::{Context, Result};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// A plugin that takes part in a rehearsal without a line of the lock.
#[derive(Clone)]
pub struct UnlockedPlugin {
    plugin: Arc<Plugin>,
    /// the absolute path of the folder
    folder: PathBuf,
}

impl UnlockedPlugin {
    /// Opens the component that `plugin build` made in a folder, and grants it what it asks for.
    ///
    /// # Errors
    /// The folder was not built, or the component is refused.
    pub fn open(folder: &Path, engine: &Engine) -> Result<UnlockedPlugin> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("cannot find {}", folder.display()))?;
        let component = source::component_file(&folder)?;
        let plugin = engine.load_once(ComponentSource::File(component))?;
        check_name(&plugin.manifest().name)?;
        plugin.allow(&[], &request_lines(&plugin))?;
        Ok(UnlockedPlugin {
            plugin: Arc::new(plugin),
            folder,
        })
    }

    /// Whether an entry of the configuration names this plugin.
    pub fn is_named_by(&self, entry: &PluginEntry) -> bool {
        entry.name == self.plugin.manifest().name
    }

    /// Adds the plugin to a configuration that does not name it. It then stands in for the phases
    /// that it can replace, as after `plugin add`.
    pub fn add_to(&self, phases: &mut PhaseConfiguration) {
        if phases.plugins.iter().any(|entry| self.is_named_by(entry)) {
            return;
        }
        let manifest = self.plugin.manifest();
        phases.plugins.push(PluginEntry {
            name: manifest.name.clone(),
            source: self.folder.display().to_string(),
            ..PluginEntry::default()
        });
        let provided = manifest.provides.iter();
        for phase in provided.flat_map(|provided| &provided.spec.replaces) {
            let by = phases.replaces.entry(phase.clone());
            by.or_insert_with(|| manifest.name.clone());
        }
    }

    /// Loads the plugin with the settings and limits of an entry.
    ///
    /// # Errors
    /// The settings do not fit the schema of the plugin.
    pub fn load(&self, entry: &PluginEntry) -> Result<LoadedPlugin> {
        let given = entry.settings.as_ref().map(|given| &given.0);
        let settings = settings::resolve(self.plugin.manifest(), given)
            .with_context(|| format!("plugin {}", entry.name))?;
        Ok(LoadedPlugin {
            plugin: self.plugin.clone(),
            settings,
            limits: entry.limits,
            signer: None,
            origin: None,
        })
    }
}
