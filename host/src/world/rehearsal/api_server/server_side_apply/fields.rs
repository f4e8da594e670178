//! The fields of an object.
use serde_json::Value;
use std::collections::BTreeMap;

/// The path of a field: keys from the top, parts of lists as `[name]`.
pub(super) type FieldPath = Vec<String>;

/// Fields of the top that say what the object is; no manager has them.
const IDENTITY: &[&str] = &["apiVersion", "kind"];
/// Fields of the metadata that no manager has.
const UNMANAGED_METADATA: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
];

/// Returns the parts of a list by name; none if the list is one value.
pub(super) fn named_parts(list: &[Value]) -> Option<Vec<(String, &Value)>> {
    let parts: Option<Vec<_>> = list
        .iter()
        .map(|item| Some((item.as_object()?.get("name")?.as_str()?.to_owned(), item)))
        .collect();
    parts.filter(|parts| !parts.is_empty())
}

/// Returns the fields of an object that managers can have, with their values.
pub(super) fn leaf_fields(object: &Value) -> BTreeMap<FieldPath, Value> {
    let mut found = BTreeMap::new();
    collect_leaves(object, &mut Vec::new(), &mut found);
    found
}

fn collect_leaves(value: &Value, path: &mut FieldPath, found: &mut BTreeMap<FieldPath, Value>) {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .filter(|(key, _)| is_managed(path, key))
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(list) if named_parts(list).is_some() => named_parts(list)
            .unwrap_or_default()
            .into_iter()
            .map(|(name, item)| (format!("[{name}]"), item))
            .collect(),
        leaf => {
            found.insert(path.clone(), leaf.clone());
            return;
        }
    };
    for (part, value) in parts {
        path.push(part);
        collect_leaves(value, path, found);
        path.pop();
    }
}

/// Whether managers can have the field of a key below a path.
fn is_managed(path: &[String], key: &str) -> bool {
    match path {
        [] => !IDENTITY.contains(&key) && key != "status",
        [parent] if parent == "metadata" => !UNMANAGED_METADATA.contains(&key),
        _ => true,
    }
}
