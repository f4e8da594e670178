//! The schema of a plugin's settings as a part of the schema of a PhaseConfiguration, for editors.
use crate::{text::json_schema::Keyword, wasm::manifest::Manifest};
use serde_json::{Value, json};

/// The dialect of schemas that name none, and of the schema around them.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Keywords whose values are data, in which nothing is a reference.
const DATA: &[&str] = &["const", "default", "enum", "examples"];
/// Keywords that hold schemas only to be referred to.
const DEFINITIONS: &[&str] = &["$defs", "definitions"];

/// A part of the schema of a PhaseConfiguration.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsPart {
    /// the schema of the settings as an operator writes them
    pub schema: Value,
    /// whether the settings may not be left out
    pub is_required: bool,
}

/// Returns the schema of a plugin's settings, for the place `pointer` (`#/$defs/…`) of another
/// schema. The schema must be one that [`check_schema`](super::check_schema) accepts.
pub fn part(manifest: &Manifest, pointer: &str) -> SettingsPart {
    if manifest.settings.is_null() {
        return SettingsPart {
            schema: json!({"description": "the plugin takes no settings", "maxProperties": 0}),
            is_required: false,
        };
    }
    let mut schema = manifest.settings.clone();
    forgive_defaults(&mut schema);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = required.is_some_and(|names| !names.is_empty());
    let dialect = schema.get("$schema").and_then(Value::as_str);
    if dialect.is_none_or(|dialect| dialect.trim_end_matches('#') == DIALECT) {
        move_references(&mut schema, pointer);
        if let Some(parts) = schema.as_object_mut() {
            parts.retain(|name, _| !["$schema", "$id"].contains(&name.as_str()));
        }
    } else {
        // A schema of another dialect is a document of its own, so that its keywords keep their
        // meaning. Its references begin at its own id.
        let id = format!("urn:kubephase:settings:{}", manifest.name);
        schema["$id"] = json!(id);
        if let Some(parts) = schema.as_object_mut() {
            parts.remove("id");
        }
    }
    SettingsPart {
        schema,
        is_required,
    }
}

/// Removes the properties that have a default from `required`: the host fills them in before it
/// compares the settings with the schema.
fn forgive_defaults(schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let mut filled = Vec::new();
    for (name, property) in properties.into_iter().flatten() {
        if property.get("default").is_some() {
            filled.push(name.clone());
        }
        forgive_defaults(property);
    }
    if let Some(names) = schema.get_mut("required").and_then(Value::as_array_mut) {
        names.retain(|name| !filled.iter().any(|filled| name == filled));
    }
}

/// Lets references to parts of the schema begin at its new place.
fn move_references(schema: &mut Value, pointer: &str) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                move_in_keyword(keyword, value, pointer);
            }
        }
        Value::Array(schemas) => schemas
            .iter_mut()
            .for_each(|schema| move_references(schema, pointer)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn move_in_keyword(keyword: &str, value: &mut Value, pointer: &str) {
    let holds_names = DEFINITIONS.contains(&keyword)
        || Keyword::find(keyword).is_some_and(|keyword| keyword.is_map);
    match value {
        Value::String(reference) if keyword == "$ref" => {
            if let Some(place) = reference.strip_prefix('#') {
                *reference = format!("{pointer}{place}");
            }
        }
        _ if DATA.contains(&keyword) => {}
        Value::Object(members) if holds_names => members
            .values_mut()
            .for_each(|schema| move_references(schema, pointer)),
        value => move_references(value, pointer),
    }
}
