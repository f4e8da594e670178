//! Lists the settings that a schema marks as secret. The lines change if other settings become
//! secret.
use super::{MAX_DEPTH, SAME_VALUE, has_no_text, is_secret, resolve};
use crate::secret::names::sounds_secret;
use crate::text::digest::sha256_hex;
use serde_json::Value;
use std::collections::BTreeSet;

/// The largest number of parts of a schema that are visited. A larger schema is listed by its
/// digest alone.
const MAX_PARTS: usize = 10_000;
/// The largest number of lines of each kind. If there are more, a line with the digest of the
/// schema stands for the others.
const MAX_LINES: usize = 500;

/// Returns a line for each secret setting of a schema, and for each setting that would be secret if
/// the schema did not say otherwise.
pub fn list_secrets(schema: &Value) -> Vec<String> {
    let mut listing = Listing {
        root: schema,
        secret: BTreeSet::new(),
        shown: BTreeSet::new(),
        open: Vec::new(),
        parts: 0,
    };
    listing.visit(schema, "");
    let digest = sha256_hex(schema.to_string().as_bytes());
    if listing.parts > MAX_PARTS {
        return vec![format!(
            "schema of settings is too large to say which are secret: it has the digest {digest}"
        )];
    }
    let shown = listing.shown.difference(&listing.secret);
    let secret: Vec<String> = listing
        .secret
        .iter()
        .map(|path| format!("setting {path} is secret"))
        .collect();
    let shown: Vec<String> = shown
        .map(|path| format!("setting {path} is not secret"))
        .collect();
    let mut lines = Vec::new();
    for (kind, of_kind) in [("secret", secret), ("not secret", shown)] {
        let more = of_kind.len().saturating_sub(MAX_LINES);
        lines.extend(of_kind.into_iter().take(MAX_LINES));
        let more = match more {
            0 => continue,
            1 => format!("1 further setting that is {kind}"),
            more => format!("{more} further settings that are {kind}"),
        };
        lines.push(format!(
            "schema of settings has {more}: it has the digest {digest}"
        ));
    }
    lines
}

/// The settings that were found so far, as paths.
struct Listing<'a> {
    root: &'a Value,
    secret: BTreeSet<String>,
    shown: BTreeSet<String>,
    /// the schemas that the current one is part of, so that a schema that refers to itself is not
    /// visited within itself
    open: Vec<*const Value>,
    parts: usize,
}

impl<'a> Listing<'a> {
    /// Adds the settings of a schema at a path, as [`super::hide`] finds them.
    fn visit(&mut self, schema: &'a Value, path: &str) {
        self.parts += 1;
        let here = std::ptr::from_ref(schema);
        if self.parts > MAX_PARTS || self.open.contains(&here) {
            return;
        }
        if self.open.len() >= MAX_DEPTH {
            self.parts = MAX_PARTS + 1;
            return;
        }
        let target = resolve(self.root, schema);
        if is_secret(schema) || is_secret(target) {
            self.secret.insert(path.to_owned());
            return;
        }
        self.open.push(here);
        if !std::ptr::eq(target, schema) {
            self.visit(target, path);
        }
        for keyword in SAME_VALUE {
            for same in schema[keyword].as_array().into_iter().flatten() {
                self.visit(same, path);
            }
        }
        self.visit_fields(schema, path);
        if let Some(items) = schema.get("items") {
            self.visit(items, &format!("{path}/*"));
        }
        self.open.pop();
    }

    /// Adds the settings of an object's fields.
    fn visit_fields(&mut self, schema: &'a Value, path: &str) {
        let known = self.secret.len();
        if let Some(others) = schema.get("additionalProperties") {
            self.visit(others, &format!("{path}/*"));
        }
        let others_have_secrets = self.secret.len() > known;
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}/{}", escape(name));
            let sounds_secret = sounds_secret(name) && !has_no_text(resolve(self.root, field));
            if sounds_secret && resolve(self.root, field)["writeOnly"] != false {
                self.secret.insert(path);
                continue;
            }
            if sounds_secret || others_have_secrets {
                self.shown.insert(path.clone());
            }
            self.visit(field, &path);
        }
    }
}

/// Writes a name as one part of a path, in printable ASCII.
fn escape(name: &str) -> String {
    let mut part = String::new();
    for c in name.chars() {
        match c {
            '~' => part.push_str("~0"),
            '/' => part.push_str("~1"),
            '*' => part.push_str("~2"),
            ' '..='}' => part.push(c),
            other => part.extend(other.escape_unicode()),
        }
    }
    part
}

#[cfg(test)]
mod tests;
