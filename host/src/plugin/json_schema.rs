//! The schema of a PhaseConfiguration with the settings of plugins, for editors.
use super::{
    load::{self, LoadRequest, file_of},
    settings,
};
use crate::{
    config::{ConfigFile, PluginEntry, json_schema::DocumentSchema},
    wasm::engine::Engine,
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::Path;

/// Adds the schemas of the settings of these plugins to the schema of a PhaseConfiguration. Reads
/// the plugins and calls none of them, so they need not be allowed.
///
/// # Errors
/// A plugin cannot be fetched, is not signed by its signer, or is refused.
pub fn add_settings(
    document: &mut DocumentSchema,
    entries: &[PluginEntry],
    file: &ConfigFile,
    engine: &Engine,
) -> Result<()> {
    let named = file.operator_file();
    let mut conditions = Vec::new();
    for entry in entries {
        let base_dir = file_of(entry, named).parent().unwrap_or(Path::new(""));
        let read = || {
            let wanted = LoadRequest {
                source: &entry.source,
                base_dir,
                pinned: entry.digest.as_deref(),
                signer: entry.signer.as_ref(),
                command: None,
            };
            let plugin = load::read_uncompiled(&wanted, load::fetch(&wanted)?.bytes, engine)?;
            settings::check_schema(plugin.manifest())?;
            anyhow::Ok(plugin)
        };
        let plugin = read().with_context(|| format!("plugin {}", entry.name))?;
        let name = format!("settings.{}", entry.name);
        let pointer = format!("#/$defs/{name}");
        let part = settings::part(plugin.manifest(), &pointer);
        let required: &[&str] = if part.is_required { &["settings"] } else { &[] };
        conditions.push(json!({
            "if": {"properties": {"name": {"const": entry.name}}, "required": ["name"]},
            "then": {"properties": {"settings": {"$ref": pointer}}, "required": required},
        }));
        document.definitions.insert(name, part.schema);
    }
    if let Some(entry) = document.definitions.get_mut("PluginEntry") {
        entry["allOf"] = Value::Array(conditions);
    }
    Ok(())
}
