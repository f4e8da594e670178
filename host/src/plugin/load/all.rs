//! Loads all plugins of a run, and adds their phases to the catalog.
use super::{
    EarlyPlugins, LoadedPlugin, Plugins, check::load_one, file_of, unlocked::UnlockedPlugin,
};
use crate::{
    config::{ConfigFile, PhaseConfiguration, PluginEntry, plugin_limits::Limits},
    parallel,
    plan::catalog::Catalog,
    plugin::{
        locks::Locks,
        refused::PluginRefused,
        settings::{self, SettingsBudget},
    },
    wasm::{embedded, engine::Engine, limits},
};
use anyhow::{Context, Result};
use serde_json::json;
use std::sync::Arc;

/// Adds the plugin that runs the configuration's rules and recommended checks, if the configuration
/// has any.
///
/// # Errors
/// A rule is not valid; the message names it.
pub fn load_rules(
    phases: &PhaseConfiguration,
    engine: &Engine,
    catalog: &mut Catalog,
    plugins: &mut Plugins,
) -> Result<(), PluginRefused> {
    let recommended = phases.rules_of_checks();
    let has_rules = !phases.rules.is_empty() || !recommended.is_empty();
    let Some(embedded) = embedded::rules().filter(|_| has_rules) else {
        return Ok(());
    };
    let load_embedded = || -> Result<LoadedPlugin> {
        let plugin = engine.load(embedded.bytes)?;
        let rules = json!({"rules": phases.rules, "recommended": recommended});
        let settings = settings::resolve(plugin.manifest(), Some(&rules))?;
        Ok(LoadedPlugin {
            plugin: Arc::new(plugin),
            settings,
            limits: Limits::default(),
            signer: None,
            origin: None,
        })
    };
    let loaded = load_embedded().map_err(|why| PluginRefused::new(format!("rules: {why:#}")))?;
    let manifest = loaded.plugin.manifest();
    catalog
        .add_plugin(&manifest.source(true), &manifest.provides)
        .map_err(|why| PluginRefused::new(why.to_string()))?;
    plugins.insert(embedded.name.to_owned(), loaded);
    Ok(())
}

/// Loads the plugins of configurations.
#[derive(Clone, Copy)]
pub struct Loader<'a> {
    pub engine: &'a Engine,
    /// plugins that need not be loaded again
    pub early: &'a EarlyPlugins,
    /// a plugin that needs no line of the lock, for a rehearsal
    pub unlocked: Option<&'a UnlockedPlugin>,
}

impl Loader<'_> {
    /// Loads the plugins that the configuration names and adds their phases to the catalog.
    ///
    /// # Errors
    /// The message names the first plugin that may not run, and says why.
    pub fn load_plugins(
        self,
        entries: &[PluginEntry],
        file: Option<&ConfigFile>,
        catalog: &mut Catalog,
        plugins: &mut Plugins,
    ) -> Result<(), PluginRefused> {
        if entries.is_empty() {
            return Ok(());
        }
        let refuse = |why: anyhow::Error| PluginRefused::new(format!("{why:#}"));
        let locks = Locks::read(file).map_err(refuse)?;
        let named = file.and_then(ConfigFile::operator_file);
        let budget = SettingsBudget::default();
        let loaded = parallel::map(entries, parallel::cores(), |entry| {
            let loaded = match self.unlocked.filter(|unlocked| unlocked.is_named_by(entry)) {
                Some(unlocked) => unlocked.load(entry)?,
                None => {
                    let file = file_of(entry, named);
                    match self.early.take(entry, file) {
                        Some(loaded) => loaded,
                        None => load_one(entry, file, locks.lock_of(entry)?, self.engine)?,
                    }
                }
            };
            budget
                .spend(loaded.plugin.manifest(), &loaded.settings)
                .with_context(|| format!("plugin {}", entry.name))?;
            Ok(loaded)
        });
        let loaded: Vec<LoadedPlugin> =
            loaded.into_iter().collect::<Result<_>>().map_err(refuse)?;
        check_memory(&loaded).map_err(refuse)?;
        let manifests = loaded.iter().map(|loaded| loaded.plugin.manifest());
        let provided: Vec<_> = manifests
            .map(|manifest| (manifest.source(false), manifest.provides.as_slice()))
            .collect();
        catalog
            .add_plugins(&provided)
            .map_err(|why| PluginRefused::new(why.to_string()))?;
        for (entry, loaded) in entries.iter().zip(loaded) {
            if plugins.insert(entry.name.clone(), loaded).is_some() {
                return Err(PluginRefused::new(format!(
                    "plugin {}: the configuration has two plugins of this name; remove one entry",
                    entry.name
                )));
            }
        }
        Ok(())
    }
}

/// Refuses plugins whose components take too much memory together while they are loaded. The
/// message names the plugin that takes most.
fn check_memory(plugins: &[LoadedPlugin]) -> Result<()> {
    let sizes = || plugins.iter().map(|loaded| loaded.plugin.loaded_bytes());
    let Some(largest) = plugins
        .iter()
        .max_by_key(|loaded| loaded.plugin.loaded_bytes())
    else {
        return Ok(());
    };
    limits::check_loaded(sizes().fold(0, u64::saturating_add)).with_context(|| {
        let bytes = largest.plugin.loaded_bytes();
        let name = &largest.plugin.manifest().name;
        format!("plugin {name}, which takes most of it ({bytes} bytes)")
    })
}
