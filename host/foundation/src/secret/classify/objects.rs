//! Searches YAML and JSON documents by their fields.
use super::{Credential, Search, Verdict, patterns};
use crate::{arguments::json, text::yaml_budget};
use data_encoding::BASE64;
use serde_json::{Map, Value};

/// Bytes of the largest document that is parsed; a larger one is only searched.
const MAX_PARSED: usize = 1 << 20;

/// The largest number of values of one document. A value that a YAML alias repeats counts each
/// time.
const MAX_NODES: usize = 100_000;

/// Characters of the shortest string that is searched on its own: a bootstrap token has 23.
const MIN_STRING: usize = 20;

/// Fields of a kubeconfig's user that hold a credential, or name where it comes from.
const USER_FIELDS: &[&str] = &[
    "token",
    "client-key-data",
    "client-key",
    "password",
    "exec",
    "auth-provider",
    "id-token",
    "refresh-token",
    "access-token",
];

/// Fields of a registry login that hold a credential.
const LOGIN_FIELDS: &[&str] = &["auth", "password", "identitytoken", "registrytoken"];

impl Search<'_> {
    /// Searches a text as YAML or JSON documents. A text that is neither has no documents.
    pub(super) fn documents(&mut self, text: &str, depth: u8) -> Verdict {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.len() > MAX_PARSED {
            return Ok(());
        }
        let documents = match self.parse_json(text)? {
            Some(documents) => documents,
            None => self.parse_yaml(text)?,
        };
        // A document that is a single text was searched already.
        documents
            .iter()
            .filter(|document| document.is_object() || document.is_array())
            .try_for_each(|document| self.value(document, depth))
    }

    /// Parses a sequence of JSON values; `None` if the text is not JSON.
    fn parse_json(&mut self, text: &str) -> Result<Option<Vec<Value>>, Credential> {
        if !text.starts_with(['{', '[']) {
            return Ok(None);
        }
        match json::measure(text, self.memory) {
            Ok(bytes) => self.memory -= bytes,
            Err(error) if json::is_too_large(&error) => return Err(Credential::Undecided),
            Err(_) => return Ok(None),
        }
        let values = serde_json::Deserializer::from_str(text).into_iter();
        Ok(values.collect::<Result<_, _>>().ok())
    }

    /// Parses YAML documents. A text that is not YAML, or that exceeds the budget of
    /// [`parse_yaml`], has no documents.
    fn parse_yaml(&mut self, text: &str) -> Result<Vec<Value>, Credential> {
        let documents = parse_yaml(text).unwrap_or_default();
        let bytes = documents.iter().map(json::memory).sum();
        self.memory = self
            .memory
            .checked_sub(bytes)
            .ok_or(Credential::Undecided)?;
        Ok(documents)
    }

    pub(super) fn value(&mut self, value: &Value, depth: u8) -> Verdict {
        self.check_time()?;
        match value {
            Value::Object(fields) => {
                judge_object(fields)?;
                if let Some((name, text)) = named_value(fields) {
                    patterns::search(format!("{name}: {text}").as_bytes())?;
                }
                fields.iter().try_for_each(|(name, value)| {
                    // Some texts are credentials only because of the name before them.
                    if let Value::String(text) = value {
                        patterns::search(format!("{name}: {text}").as_bytes())?;
                    }
                    self.value(value, depth)
                })
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item, depth)),
            Value::String(text) if text.len() >= MIN_STRING => self.search(text.as_bytes(), depth),
            _ => Ok(()),
        }
    }
}

/// Parses YAML documents within a budget, so that aliases cannot make a small text large; `None` if
/// the text is not YAML.
pub fn parse_yaml(text: &str) -> Option<Vec<Value>> {
    let mut options = yaml_budget::options(MAX_NODES, 4 * MAX_PARSED);
    options.duplicate_keys = serde_yaml::DuplicateKeyPolicy::LastWins;
    serde_yaml::from_multiple_with_options(text, options).ok()
}

/// Returns the name and the value of a pair that is written as an object:
/// `{name: password, value: x}`.
fn named_value(fields: &Map<String, Value>) -> Option<(&str, &str)> {
    let name = text_of(fields, "name").or_else(|| text_of(fields, "key"))?;
    Some((name, text_of(fields, "value")?))
}

/// Returns the text in a field; `None` if the field does not hold a text.
fn text_of<'f>(fields: &'f Map<String, Value>, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(Value::as_str)
}

/// Judges one object by its fields.
fn judge_object(fields: &Map<String, Value>) -> Verdict {
    if fields
        .get("users")
        .and_then(Value::as_array)
        .is_some_and(|users| users.iter().any(has_credential))
    {
        return Err(Credential::Kubeconfig);
    }
    if fields
        .get("auths")
        .and_then(Value::as_object)
        .is_some_and(|auths| {
            auths
                .values()
                .filter_map(Value::as_object)
                .any(|login| has_any(login, LOGIN_FIELDS))
        })
    {
        return Err(Credential::RegistryLogin);
    }
    if text_of(fields, "auth").is_some_and(is_login) {
        return Err(Credential::RegistryLogin);
    }
    match text_of(fields, "kind").unwrap_or_default() {
        // A Secret without values holds no secret.
        "Secret"
            if ["data", "stringData"]
                .iter()
                .filter_map(|data| fields.get(*data))
                .any(has_content) =>
        {
            return Err(Credential::SecretObject);
        }
        "SecretList" if has_any(fields, &["items"]) => return Err(Credential::SecretObject),
        "EncryptionConfiguration" if fields.values().any(|value| holds(value, "secret")) => {
            return Err(Credential::EncryptionKey);
        }
        _ => {}
    }
    // A JSON Web Key with its private half.
    let has_text = |name| text_of(fields, name).is_some_and(|text| !text.is_empty());
    if has_text("kty") && (has_text("d") || has_text("k")) {
        return Err(Credential::PrivateKey);
    }
    Ok(())
}

/// Whether an entry of a kubeconfig's `users` has a credential.
fn has_credential(entry: &Value) -> bool {
    entry["user"]
        .as_object()
        .is_some_and(|user| has_any(user, USER_FIELDS))
}

/// Whether one of these fields exists and is not empty.
fn has_any(fields: &Map<String, Value>, names: &[&str]) -> bool {
    names
        .iter()
        .filter_map(|name| fields.get(*name))
        .any(|field| match field {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        })
}

/// Whether a value has a text, number or truth value that is not empty, at any depth.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => fields.values().any(has_content),
        Value::Array(items) => items.iter().any(has_content),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Whether a field of this name exists at any depth and is not empty.
fn holds(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(fields) => {
            has_any(fields, &[name]) || fields.values().any(|value| holds(value, name))
        }
        Value::Array(items) => items.iter().any(|item| holds(item, name)),
        _ => false,
    }
}

/// Whether this is `user:password` in base64.
fn is_login(text: &str) -> bool {
    let decoded = BASE64.decode(text.as_bytes()).unwrap_or_default();
    let colon = decoded.iter().position(|byte| *byte == b':');
    colon.is_some_and(|at| at > 0 && at + 1 < decoded.len())
}
