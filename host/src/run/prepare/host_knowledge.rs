//! Facts about a run that only the host knows: the host's files, the secret settings of the
//! plugins, and the identities of the plugins.
use super::PreparedRun;
use crate::{
    config::{self, PluginEntry},
    effect::territory::{Territory, add_files_in_use, territory_of},
    event::{GrantRecord, PluginRecord},
    plugin::{self, identity::PluginIdentity, load::LoadedPlugin},
    secret::{Secret, settings},
    wasm::embedded,
    world::Files,
};
use std::collections::BTreeMap;

impl PreparedRun {
    /// Returns the third parties' plugins of the run, with what each was granted.
    pub fn plugin_records(&self) -> Vec<PluginRecord> {
        let plugins = self.plugins.values();
        let of_others = plugins.filter(|loaded| {
            let name = &loaded.plugin.manifest().name;
            embedded::find(name).is_none()
        });
        of_others.map(record_of).collect()
    }

    /// Returns the files that belong to the host in this run, on a node with these files, and the
    /// operator's files that decide about later runs.
    pub(in crate::run) fn territory(&self, files: &dyn Files) -> Territory {
        let mut territory = territory_of(&self.config, &self.patches);
        add_files_in_use(&mut territory, &self.config, files);
        self.operator_files
            .iter()
            .for_each(|path| territory.add_operator_file(path));
        if let Some(file) = &self.file {
            territory.add_operator_file(file);
            let folder = config::lock_folder(file);
            territory.add_readable_operator_file(&folder.join(plugin::lock::FILE));
        }
        for entry in &self.phases.plugins {
            let file = plugin::load::file_of(entry, self.file.as_deref());
            let Some(folder) = file.parent() else {
                continue;
            };
            if let Some(component) = plugin::source::source_file(&entry.source, folder) {
                territory.add_readable_operator_file(&folder.join(&entry.source));
                territory
                    .add_readable_operator_file(&crate::pki::signature::signature_path(&component));
            }
        }
        territory
    }

    /// Returns the values of the secret settings of each plugin, by its name.
    pub(in crate::run) fn secret_settings(
        &self,
    ) -> impl Iterator<Item = (&str, Vec<Secret<String>>)> {
        self.plugins.iter().map(|(name, loaded)| {
            let schema = &loaded.plugin.manifest().settings;
            let secrets = settings::hide(schema, &mut loaded.settings.clone());
            (name.as_str(), secrets)
        })
    }

    /// Returns the identity of each third-party plugin, by its name.
    pub(in crate::run) fn identities(&self) -> BTreeMap<String, String> {
        let mut identities = BTreeMap::new();
        for PluginEntry { name, source, .. } in &self.phases.plugins {
            if let Some(loaded) = self.plugins.get(name) {
                let identity = PluginIdentity::new(source, loaded.signer.as_ref())
                    .with_origin(loaded.origin.as_deref());
                identities.insert(name.clone(), identity.to_string());
            }
        }
        identities
    }
}

/// Describes a plugin that was loaded. It was granted all that it asks for, or the run would not
/// have begun.
fn record_of(loaded: &LoadedPlugin) -> PluginRecord {
    let manifest = loaded.plugin.manifest();
    let grants = manifest.grants.iter().map(|request| GrantRecord {
        capability: request.capability.clone(),
        patterns: request.shown_patterns(),
        reason: request.reason.to_string(),
    });
    PluginRecord {
        name: manifest.name.clone(),
        version: manifest.version.to_string(),
        digest: loaded.plugin.digest().to_owned(),
        signer: loaded.signer.as_ref().map(ToString::to_string),
        grants: grants.collect(),
    }
}
