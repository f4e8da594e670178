//! A plugin's settings, against the JSON Schema in its manifest, before anything runs.
mod schema;

use crate::{
    secret::{self, settings::PLACEHOLDER},
    wasm::manifest::Manifest,
};
use anyhow::{Result, anyhow, bail};
use serde_json::{Map, Value};

/// Number of problems of settings that a message has.
const MAX_PROBLEMS: usize = 50;
/// Bytes of one such problem.
const MAX_PROBLEM: usize = 1000;

/// Returns the settings that the plugin gets: the given settings, and the schema's defaults for the rest.
///
/// # Errors
/// All problems of the settings by the schema, each with its field.
pub fn resolve(manifest: &Manifest, given: Option<&Value>) -> Result<Value> {
    let mut settings = given.cloned().unwrap_or_else(|| Value::Object(Map::new()));
    if manifest.settings.is_null() {
        return match given {
            Some(Value::Object(fields)) if !fields.is_empty() => bail!("it takes no settings"),
            _ => Ok(settings),
        };
    }
    if holds_placeholder(&settings) {
        bail!("a secret setting is missing: the cluster does not keep it, so give this node a PhaseConfiguration that has it");
    }
    fill(&manifest.settings, &mut settings);
    schema::check(&manifest.settings, &settings)?;
    let validator = jsonschema::validator_for(&manifest.settings)
        .map_err(|error| anyhow!("the schema of its settings is not a JSON Schema: {}", shortened(&error.to_string())))?;
    let has_secrets = !secret::settings::hide(&manifest.settings, &mut settings.clone()).is_empty();
    let problems: Vec<String> = validator
        .iter_errors(&settings)
        .take(MAX_PROBLEMS)
        .map(|error| {
            let place = error.instance_path().to_string().replace('/', ".");
            // The message of the validator quotes the value.
            let problem = if has_secrets { error.masked().to_string() } else { error.to_string() };
            shortened(&format!("settings{place}: {problem}"))
        })
        .collect();
    if problems.is_empty() { Ok(settings) } else { bail!("its settings do not fit:\n  {}", problems.join("\n  ")) }
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

/// Shortens a problem: it quotes settings and schema, which can be long.
fn shortened(problem: &str) -> String {
    match problem.floor_char_boundary(MAX_PROBLEM) {
        end if end < problem.len() => format!("{}…", &problem[..end]),
        _ => problem.to_owned(),
    }
}

/// Fills in the defaults of properties that were not given.
fn fill(schema: &Value, value: &mut Value) {
    let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object_mut()) else { return };
    for (name, property) in properties {
        if let Some(default) = property.get("default").filter(|_| !fields.contains_key(name)) {
            fields.insert(name.clone(), default.clone());
        }
        if let Some(below) = fields.get_mut(name) {
            fill(property, below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest() -> Manifest {
        let text = "name: a\nversion: 1.0.0\nprovides:\n- {id: preflight/a, title: t, kind: check, workflow: [init]}\nsettings: {type: object, additionalProperties: false, properties: {mib: {type: integer, default: 5}, deep: {type: object, default: {}, properties: {x: {default: 1}}}}}\n";
        Manifest::parse(text).unwrap()
    }

    #[test]
    fn a_secret_setting_that_the_cluster_did_not_keep_is_asked_for() {
        let mut settings = json!({"deep": {"x": "hunter2"}});
        let schema = json!({"properties": {"deep": {"properties": {"x": {"writeOnly": true}}}}});
        crate::secret::settings::hide(&schema, &mut settings);
        let refused = resolve(&manifest(), Some(&settings)).unwrap_err().to_string();
        assert!(refused.contains("PhaseConfiguration"), "{refused}");
    }

    #[test]
    fn defaults_fill_what_is_left_out() {
        assert_eq!(resolve(&manifest(), None).unwrap(), json!({"mib": 5, "deep": {"x": 1}}));
        assert_eq!(resolve(&manifest(), Some(&json!({"mib": 7}))).unwrap()["mib"], 7);
    }

    /// Validated, it would take hours.
    #[test]
    fn a_schema_that_doubles_with_each_definition_is_refused() {
        let definitions: String = (0..31)
            .map(|number| format!("d{number}: {{allOf: [{{$ref: '#/$defs/d{0}'}}, {{$ref: '#/$defs/d{0}'}}]}}, ", number + 1))
            .collect();
        let settings = format!("settings: {{$ref: '#/$defs/d0', $defs: {{{definitions} d31: {{}}}}}}\n");
        let text =
            "name: a\nversion: 1.0.0\nprovides:\n- {id: preflight/a, title: t, kind: check, workflow: [init]}\n".to_owned() + &settings;
        let told = resolve(&Manifest::parse(&text).unwrap(), None).unwrap_err().to_string();
        assert!(told.contains("its references stand for more than 50000 schemas"), "{told}");
    }

    #[test]
    fn every_misfit_is_told() {
        let told = resolve(&manifest(), Some(&json!({"mib": "x", "nope": 1}))).unwrap_err().to_string();
        assert!(told.contains("settings.mib: ") && told.contains("nope"), "{told}");
    }
}
