//! Secret settings of plugins. A setting is secret if its JSON Schema says `writeOnly: true` or
//! `format: password`. It is also secret if its name is that of a secret (`password`, `apiToken`)
//! or its text has a credential (`https://USER:PASSWORD@HOST`), and its schema does not say
//! `writeOnly: false` or that it is a number.
//!
//! The plugin gets the value of a secret setting. Capsules, and the configuration that the cluster
//! keeps, have a placeholder.
mod listing;
mod problems;
mod unfollowed_marks;

pub use listing::list_secrets;
pub use problems::find_problems;
pub use unfollowed_marks::check_marks;

use super::{
    Secret,
    classify::{Credential, classify},
    names::sounds_secret,
};
use crate::text::user_info;
use problems::UnblankedSecrets;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

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

/// The smallest number of bytes of a text that is judged by its content: settings may have very
/// many texts.
const SHORTEST_CREDENTIAL: usize = 10;

/// The largest number of levels of nested schemas that are followed. A value below them is hidden,
/// whatever it is.
const MAX_DEPTH: usize = 32;

/// Replaces each secret setting by [`PLACEHOLDER`], and returns the texts that the secret settings
/// had. A text that is a default of the schema is not returned: everyone can read it in the
/// component.
pub fn hide(schema: &Value, settings: &mut Value) -> Vec<Secret<String>> {
    let mut hiding = Hiding::new(schema);
    hiding.walk(schema, settings, MAX_DEPTH);
    let defaults = defaults_of(schema);
    hiding
        .found
        .into_iter()
        .filter(|secret| !defaults.contains(secret.reveal()))
        .collect()
}

/// Returns the texts of all defaults of a schema.
fn defaults_of(schema: &Value) -> BTreeSet<String> {
    let mut texts = Vec::new();
    let mut parts = vec![schema];
    while let Some(part) = parts.pop() {
        match part {
            Value::Object(fields) => {
                if let Some(default) = fields.get("default") {
                    collect_texts(default, &mut texts);
                }
                parts.extend(fields.values());
            }
            Value::Array(items) => parts.extend(items),
            _ => {}
        }
    }
    texts.iter().map(|text| text.reveal().clone()).collect()
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

/// Hides secret settings.
struct Hiding<'a> {
    /// the schema that references are relative to
    root: &'a Value,
    /// whether a text has a credential, for each text that was judged: a schema can describe one
    /// value many times
    credentials: HashMap<String, bool>,
    /// the texts of the values that were hidden
    found: Vec<Secret<String>>,
    /// hidden values that cannot be blanked in texts
    problems: UnblankedSecrets,
}

impl<'a> Hiding<'a> {
    fn new(root: &'a Value) -> Self {
        Hiding {
            root,
            credentials: HashMap::new(),
            found: Vec::new(),
            problems: UnblankedSecrets::default(),
        }
    }

    /// Hides the secret values within a value that this schema describes.
    fn walk(&mut self, schema: &Value, value: &mut Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return self.hide(value);
        };
        let target = resolve(self.root, schema);
        if is_secret(schema) || is_secret(target) {
            self.problems.find_in_marked(value);
            return self.hide(value);
        }
        if !std::ptr::eq(target, schema) {
            self.walk(target, value, depth);
        }
        for keyword in SAME_VALUE {
            schema[keyword]
                .as_array()
                .into_iter()
                .flatten()
                .for_each(|schema| self.walk(schema, value, depth));
        }
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let of_name = schema["properties"]
                        .get(name)
                        .or_else(|| schema.get("additionalProperties"))
                        .unwrap_or(&Value::Null);
                    let is_named = sounds_secret(name) && may_be_secret(self.root, of_name, field);
                    self.problems.enter(name);
                    self.walk_child(of_name, is_named, field, depth);
                    self.problems.leave();
                }
            }
            Value::Array(items) => {
                let of_items = schema.get("items").unwrap_or(&Value::Null);
                for (number, item) in items.iter_mut().enumerate() {
                    self.problems.enter(&number.to_string());
                    self.walk_child(of_items, false, item, depth);
                    self.problems.leave();
                }
            }
            _ => {}
        }
    }

    /// Hides a value within another value, or only the secret parts of it. `is_named` says whether
    /// the value's name sounds secret.
    fn walk_child(&mut self, schema: &Value, is_named: bool, value: &mut Value, depth: usize) {
        if !is_plain(self.root, schema) && (is_named || self.is_credential(value)) {
            if is_secret(schema) || is_secret(resolve(self.root, schema)) {
                self.problems.find_in_marked(value);
            } else {
                self.problems.find_in_named(value);
            }
            self.hide(value);
        } else {
            self.walk(schema, value, depth);
        }
    }

    /// Whether a value is a text with a credential in it. A text that may have one counts as plain.
    fn is_credential(&mut self, value: &Value) -> bool {
        let Some(text) = value.as_str() else {
            return false;
        };
        if text.len() < SHORTEST_CREDENTIAL || text == PLACEHOLDER {
            return false;
        }
        if let Some(is_credential) = self.credentials.get(text) {
            return *is_credential;
        }
        let found = classify(text.as_bytes());
        let is_credential = found.is_some_and(|credential| credential != Credential::Undecided);
        self.credentials.insert(text.to_owned(), is_credential);
        is_credential
    }

    fn hide(&mut self, value: &mut Value) {
        // Several schemas may mark the same value.
        if *value != PLACEHOLDER {
            collect_texts(value, &mut self.found);
            *value = PLACEHOLDER.into();
        }
    }
}

/// Whether a schema says that its value is not secret.
fn is_plain(root: &Value, schema: &Value) -> bool {
    resolve(root, schema)["writeOnly"] == false
}

/// Whether the value of a setting can be a secret by the setting's name. A number is not a secret
/// if the schema of the setting asks for a number, as for `maxTokens`.
fn may_be_secret(root: &Value, schema: &Value, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => !has_no_text(resolve(root, schema)),
        Value::String(_) | Value::Array(_) | Value::Object(_) => true,
    }
}

/// Whether a schema asks for a boolean or a number.
fn has_no_text(schema: &Value) -> bool {
    ["boolean", "integer", "number"]
        .iter()
        .any(|name| schema["type"] == *name)
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
