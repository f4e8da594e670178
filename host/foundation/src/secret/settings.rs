//! Secret settings of plugins. A setting is secret if its JSON Schema says `writeOnly: true` or
//! `format: password`. It is also secret if its name is that of a secret (`password`, `apiToken`)
//! or its text has a credential (`https://USER:PASSWORD@HOST`), and its schema does not say
//! `writeOnly: false`.
//!
//! The plugin gets the value of a secret setting. Capsules, and the configuration that the cluster
//! keeps, have a placeholder.
mod listing;
mod unfollowed_marks;

pub use listing::list_secrets;
pub use unfollowed_marks::check_marks;

use super::{
    Secret,
    classify::{Credential, classify},
    names::sounds_secret,
};
use crate::text::user_info;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The placeholder of a secret setting.
pub const PLACEHOLDER: &str = "<secret:setting>";

/// The settings of a plugin. Only the plugin's schema says which of them are secret, so none is
/// printed. Before they are written, [`hide`] has to replace the secret ones.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(pub Value);

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<settings>")
    }
}

/// Keywords of a schema that hold further schemas for the value that the schema describes.
const SAME_VALUE: &[&str] = &["allOf", "anyOf", "oneOf"];

/// Bytes of the shortest text that is judged by its content: settings may have very many texts.
const SHORTEST_CREDENTIAL: usize = 10;

/// Levels of nested schemas that are followed. A value below them is hidden, whatever it is.
const MAX_DEPTH: usize = 32;

/// Replaces each secret setting by [`PLACEHOLDER`], and returns the texts that the secret settings
/// had.
pub fn hide(schema: &Value, settings: &mut Value) -> Vec<Secret<String>> {
    let mut found = Vec::new();
    walk(schema, schema, settings, MAX_DEPTH, &mut |secret| {
        // Several schemas may mark the same value.
        if *secret != PLACEHOLDER {
            collect_texts(secret, &mut found);
            *secret = PLACEHOLDER.into();
        }
    });
    found
}

/// Whether the schema marks the value as secret.
fn is_secret(schema: &Value) -> bool {
    schema["writeOnly"] == true || schema["format"] == "password"
}

/// Follows a reference within the schema: `#/$defs/name`.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| root.pointer(pointer));
    target.unwrap_or(schema)
}

/// Calls `hide` for each secret value within a value. `root` is the schema that references are
/// relative to.
fn walk(
    root: &Value,
    schema: &Value,
    value: &mut Value,
    depth: usize,
    hide: &mut dyn FnMut(&mut Value),
) {
    let Some(depth) = depth.checked_sub(1) else {
        return hide(value);
    };
    let target = resolve(root, schema);
    if is_secret(schema) || is_secret(target) {
        return hide(value);
    }
    if !std::ptr::eq(target, schema) {
        walk(root, target, value, depth, hide);
    }
    for keyword in SAME_VALUE {
        schema[keyword]
            .as_array()
            .into_iter()
            .flatten()
            .for_each(|schema| walk(root, schema, value, depth, hide));
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let of_name = schema["properties"]
                    .get(name)
                    .or_else(|| schema.get("additionalProperties"))
                    .unwrap_or(&Value::Null);
                let is_named =
                    sounds_secret(name) && !matches!(field, Value::Null | Value::Bool(_));
                walk_child(root, of_name, is_named, field, depth, hide);
            }
        }
        Value::Array(items) => {
            let of_items = schema.get("items").unwrap_or(&Value::Null);
            for item in items {
                walk_child(root, of_items, false, item, depth, hide);
            }
        }
        _ => {}
    }
}

/// Hides a value within another value, or only the secret parts of it. `is_named` says whether the
/// value's name sounds secret.
fn walk_child(
    root: &Value,
    schema: &Value,
    is_named: bool,
    value: &mut Value,
    depth: usize,
    hide: &mut dyn FnMut(&mut Value),
) {
    if !is_plain(root, schema) && (is_named || is_credential(value)) {
        hide(value);
    } else {
        walk(root, schema, value, depth, hide);
    }
}

/// Whether a schema says that its value is not secret.
fn is_plain(root: &Value, schema: &Value) -> bool {
    resolve(root, schema)["writeOnly"] == false
}

/// Whether a value is a text with a credential in it. A text that may have one counts as plain.
fn is_credential(value: &Value) -> bool {
    let text = value
        .as_str()
        .filter(|text| text.len() >= SHORTEST_CREDENTIAL);
    let found = text.and_then(|text| classify(text.as_bytes()));
    found.is_some_and(|credential| credential != Credential::Undecided)
}

/// Collects the texts of a value, at any depth.
fn collect_texts(value: &Value, found: &mut Vec<Secret<String>>) {
    match value {
        Value::String(text) => {
            found.push(text.as_str().into());
            found.extend(user_info::passwords(text).map(Secret::from));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, found)),
        Value::Object(fields) => fields
            .values()
            .for_each(|field| collect_texts(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
