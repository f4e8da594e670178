//! Loads the plugins of a run. A run that changes something needs all of them. A run that only
//! observes continues without the plugins that may not run, and reports them.
use crate::{
    config::{Config, ConfigFile, PhaseConfiguration, PluginEntry},
    plan::catalog::Catalog,
    plugin::{
        load::{Loader, Plugins},
        refused::PluginRefused,
    },
};
use kubephase_sdk::kubeadm::ExaminedPlugin;

/// The loading of a run's plugins.
pub(super) struct Loading<'a> {
    pub file: Option<&'a ConfigFile>,
    pub loader: Loader<'a>,
    /// gets the phases of the plugins
    pub catalog: &'a mut Catalog,
    pub plugins: &'a mut Plugins,
}

impl Loading<'_> {
    /// Loads all plugins.
    ///
    /// # Errors
    /// The message names the first plugin that may not run.
    pub fn load_all(&mut self, entries: &[PluginEntry]) -> Result<(), PluginRefused> {
        self.loader
            .load_plugins(entries, self.file, self.catalog, self.plugins)
    }

    /// Loads each plugin that may run, and removes the others from the configuration. Notes in the
    /// configuration which may run, and why the others may not.
    pub fn examine_plugins(&mut self, phases: &mut PhaseConfiguration, config: &mut Config) {
        let Some(doctor) = &mut config.doctor else {
            return;
        };
        phases.plugins.retain(|entry| {
            let refused = self.load_all(std::slice::from_ref(entry)).err();
            let loaded = self.plugins.get(&entry.name).filter(|_| refused.is_none());
            let plugin = loaded.map(|loaded| &loaded.plugin);
            let version = plugin.map(|plugin| plugin.manifest().version.to_string());
            let digest = plugin.map(|plugin| plugin.digest().to_string());
            let is_allowed = refused.is_none();
            doctor.plugins.push(ExaminedPlugin {
                name: entry.name.clone(),
                source: entry.source.clone(),
                version: version.unwrap_or_default(),
                digest: digest.unwrap_or_default(),
                problem: refused.map(|why| why.to_string()).unwrap_or_default(),
            });
            is_allowed
        });
        let plugins = &phases.plugins;
        let replaces = &mut phases.replaces;
        replaces.retain(|_, name| plugins.iter().any(|entry| entry.name == *name));
    }
}
