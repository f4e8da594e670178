//! Checks a plugin's settings against the JSON Schema in its manifest, before anything runs.
mod budget;
mod part;
mod schema;

pub use budget::SettingsBudget;
pub use part::{SettingsPart, part};

use crate::{
    arguments::json,
    secret::{self, settings::PLACEHOLDER},
    text::sanitise,
    wasm::{
        limits::{MAX_ALL_SECRET_SETTINGS, MAX_SETTINGS, MAX_SETTINGS_MEMORY},
        manifest::Manifest,
    },
};
use anyhow::{Result, bail};
use serde_json::{Map, Value};
use std::cell::LazyCell;

/// The largest number of problems of settings in a message.
const MAX_PROBLEMS: usize = 50;
/// The largest length of one problem in the message, in bytes.
const MAX_PROBLEM: usize = 1000;

/// Returns the settings that the plugin gets: the settings of its entry, and the schema's defaults
/// for all others.
///
/// # Errors
/// The settings violate the schema (all violations are reported, each with its field), or a secret
/// setting could not be hidden in texts.
pub fn resolve(manifest: &Manifest, given: Option<&Value>) -> Result<Value> {
    let mut settings = given.cloned().unwrap_or_else(|| Value::Object(Map::new()));
    if manifest.settings.is_null() {
        return match given {
            Some(Value::Object(fields)) if !fields.is_empty() => {
                bail!("it takes no settings; remove `settings`")
            }
            _ => Ok(settings),
        };
    }
    if holds_placeholder(&settings) {
        bail!(
            "a secret setting is missing, because the cluster does not keep secret settings; write \
             it in the PhaseConfiguration of this node"
        );
    }
    fill(&manifest.settings, &mut settings);
    check_size(&settings)?;
    schema::check(&manifest.settings, &settings)?;
    let validator = schema::compile(&manifest.settings)?;
    let has_secrets = LazyCell::new(|| {
        !secret::settings::hide(&manifest.settings, &mut settings.clone()).is_empty()
    });
    let problems: Vec<String> = validator
        .iter_errors(&settings)
        .take(MAX_PROBLEMS)
        .map(|error| {
            let place = error.instance_path().to_string().replace('/', ".");
            // The message of the validator quotes the value.
            let problem = if *has_secrets {
                error.masked().to_string()
            } else {
                error.to_string()
            };
            shortened(&format!("settings{place}: {problem}"))
        })
        .collect();
    if !problems.is_empty() {
        bail!(
            "its settings do not fit the schema of its manifest:\n  {}",
            problems.join("\n  ")
        );
    }
    check_secrets(&manifest.settings, &settings)?;
    Ok(settings)
}

/// Checks that the secret settings can be hidden in texts of the plugin, which knows them.
fn check_secrets(schema: &Value, settings: &Value) -> Result<()> {
    let problems = secret::settings::find_problems(schema, settings);
    if !problems.is_empty() {
        let shown = problems.iter().take(MAX_PROBLEMS);
        let shown: Vec<String> = shown.map(|problem| shortened(problem)).collect();
        bail!(
            "its secret settings cannot be used:\n  {}",
            shown.join("\n  ")
        );
    }
    let secrets = secret::settings::hide(schema, &mut settings.clone());
    let bytes: usize = secrets.iter().map(|secret| secret.reveal().len()).sum();
    if bytes > MAX_ALL_SECRET_SETTINGS {
        bail!(
            "its secret settings have {bytes} bytes, and {MAX_ALL_SECRET_SETTINGS} are allowed: \
             shorten them, or give the plugin the name of a file"
        );
    }
    Ok(())
}

/// Checks that the schema of a plugin's settings can be used, whatever the settings are.
///
/// # Errors
/// The schema is not a JSON Schema, or is too expensive for any settings, or has defaults that do
/// not fit it.
pub fn check_schema(manifest: &Manifest) -> Result<()> {
    if manifest.settings.is_null() {
        return Ok(());
    }
    schema::check(&manifest.settings, &Value::Object(Map::new()))?;
    schema::compile(&manifest.settings)?;
    schema::check_defaults(&manifest.settings)
}

/// Checks that settings are not too large for the plugin, for messages and for capsules.
fn check_size(settings: &Value) -> Result<()> {
    let (bytes, memory) = (settings.to_string().len(), json::memory(settings));
    if bytes > MAX_SETTINGS || memory > MAX_SETTINGS_MEMORY {
        bail!(
            "its settings are too large: with the defaults of its schema they have {bytes} bytes \
             and take {memory} bytes of memory; {MAX_SETTINGS} and {MAX_SETTINGS_MEMORY} are \
             allowed"
        );
    }
    Ok(())
}

/// Whether the settings have the placeholder of a secret setting, which the cluster did not keep.
fn holds_placeholder(settings: &Value) -> bool {
    match settings {
        Value::String(text) => text == PLACEHOLDER,
        Value::Array(items) => items.iter().any(holds_placeholder),
        Value::Object(fields) => fields.values().any(holds_placeholder),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Shortens a problem, and makes it one line. A problem quotes settings and the schema, which can
/// be long and have line ends.
fn shortened(problem: &str) -> String {
    let end = problem.floor_char_boundary(MAX_PROBLEM);
    let more = if end < problem.len() { "…" } else { "" };
    format!("{}{more}", sanitise::line(&problem[..end]))
}

/// Fills in the defaults of properties that were not given.
fn fill(schema: &Value, value: &mut Value) {
    let (Some(properties), Some(fields)) =
        (schema["properties"].as_object(), value.as_object_mut())
    else {
        return;
    };
    for (name, property) in properties {
        if let Some(default) = property
            .get("default")
            .filter(|_| !fields.contains_key(name))
        {
            fields.insert(name.clone(), default.clone());
        }
        if let Some(below) = fields.get_mut(name) {
            fill(property, below);
        }
    }
}

#[cfg(test)]
mod tests;
