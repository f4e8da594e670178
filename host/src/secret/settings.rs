//! Secret settings of plugins. A setting is secret if its JSON Schema says `writeOnly: true` or
//! `format: password`, or if its name is that of a secret (`password`, `apiToken`) and its schema
//! does not say `writeOnly: false`.
//!
//! The plugin gets the value of a secret setting. Capsules, and the configuration that the cluster
//! keeps, have a placeholder.
mod listing;
mod unfollowed_marks;

pub use listing::list_secrets;
pub use unfollowed_marks::check_marks;

use super::Secret;
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

/// Parts of names that mark a setting as secret.
const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "accountkey",
    "licensekey",
    "servicekey",
    "authtok",
];

/// Last words of names that mark a setting as secret. Elsewhere in a name they mean other things.
const SECRET_WORDS: &[&str] = &["pass", "pwd", "pw", "psk", "cred", "creds", "auth"];

/// Ends of names that mark a setting as plain: it says where a secret is, or describes it.
const PLAIN_ENDS: &[&str] = &[
    "file",
    "path",
    "dir",
    "directory",
    "name",
    "namespace",
    "ref",
    "url",
    "ttl",
    "seconds",
    "length",
    "count",
    "class",
    "type",
    "policy",
    "strategy",
    // The name of a credential that systemd gives a service, and a return value of PAM.
    "loadcredential",
    "importcredential",
    "authtokreqd",
];

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

/// Whether a setting of this name is secret unless its schema says otherwise.
pub fn sounds_secret(name: &str) -> bool {
    let word = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    let word = word.unwrap_or_default();
    // `dbPass` has two words, `DB_PASS` has two, and `PASS` is one.
    let has_humps = word.contains(|c: char| c.is_ascii_lowercase());
    let hump = word.rfind(|c: char| c.is_ascii_uppercase() && has_humps);
    let last_word = &word[hump.unwrap_or_default()..];
    let (name, last_word) = (letters(name), letters(last_word));
    let has_secret_word = SECRET_WORDS.contains(&last_word.as_str());
    (has_secret_word || SECRET_NAMES.iter().any(|part| name.contains(part)))
        && !PLAIN_ENDS.iter().any(|end| name.ends_with(end))
}

/// Returns the letters and digits of a text, in lower case.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_lowercase()
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
                if sounds_secret(name)
                    && resolve(root, of_name)["writeOnly"] != false
                    && !matches!(field, Value::Null | Value::Bool(_))
                {
                    hide(field);
                } else {
                    walk(root, of_name, field, depth, hide);
                }
            }
        }
        Value::Array(items) => {
            let of_items = schema.get("items").unwrap_or(&Value::Null);
            items
                .iter_mut()
                .for_each(|item| walk(root, of_items, item, depth, hide));
        }
        _ => {}
    }
}

/// Collects the texts of a value, at any depth.
fn collect_texts(value: &Value, found: &mut Vec<Secret<String>>) {
    match value {
        Value::String(text) => found.push(text.as_str().into()),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, found)),
        Value::Object(fields) => fields
            .values()
            .for_each(|field| collect_texts(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
