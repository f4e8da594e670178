//! The objects of a recording as values.
use data_encoding::BASE64;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Returns the writes of an `objects.yaml`. The name of each is its heading and how many writes of
/// this heading there were before: `WRITE configmaps kube-system/coredns 0`.
pub fn objects_of(text: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for document in text.split("\n---\n") {
        let Some(heading) = document.trim_start().lines().next().and_then(heading) else {
            continue;
        };
        let value: Value = serde_yaml::from_str(document).expect("YAML");
        let earlier = (0..).find(|number| !found.contains_key(&format!("{heading} {number}")));
        let name = format!("{heading} {}", earlier.unwrap_or_default());
        found.insert(name, with_plain_secret(value));
    }
    found
}

/// Returns `VERB RESOURCE NAME` of the comment above an object. Verbs that create or replace an
/// object become the same verb.
fn heading(line: &str) -> Option<String> {
    let mut words = line.strip_prefix("# ")?.split(' ');
    let verb = match words.next()? {
        "CREATE" | "UPDATE" | "APPLY" => "WRITE",
        verb => verb,
    };
    let resource = words.next()?.split('.').next()?;
    Some(format!("{verb} {resource} {}", words.next()?))
}

/// Returns a Secret with its data as text.
fn with_plain_secret(mut object: Value) -> Value {
    if object["kind"] != "Secret" {
        return object;
    }
    let data = object["data"].take();
    for (name, value) in data.as_object().into_iter().flatten() {
        let text = BASE64.decode(value.as_str().unwrap_or_default().as_bytes());
        let text = String::from_utf8(text.unwrap_or_default()).unwrap_or_default();
        object["stringData"][name] = text.into();
    }
    if !object["stringData"]["expiration"].is_null() {
        object["stringData"]["expiration"] = json!("<TIME>");
    }
    object
}

/// Returns a value without fields that carry no information: nulls, and empty stanzas that an API
/// server fills in.
pub fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| {
                let is_stanza =
                    ["status", "resources", "strategy", "updateStrategy"].contains(&name.as_str());
                !value.is_null() && !(is_stanza && (*name == "status" || **value == json!({})))
            });
            let kept: Map<String, Value> = kept
                .map(|(name, value)| (name.clone(), without_empty(value)))
                .collect();
            kept.into()
        }
        Value::Array(items) => items.iter().map(without_empty).collect(),
        _ => value.clone(),
    }
}
