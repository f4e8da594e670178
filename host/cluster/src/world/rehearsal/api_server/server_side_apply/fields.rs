//! Finds the fields of an object that field managers can own.
use serde_json::Value;
use std::collections::BTreeMap;

/// The path of a field from the root of the object: keys of maps, and `[name]` for an item of a
/// list.
pub(super) type FieldPath = Vec<String>;

/// Fields at the root that no manager owns. `apiVersion` and `kind` identify the object; in this
/// API server, `status` is owned by no manager.
const UNMANAGED_ROOT: &[&str] = &["apiVersion", "kind", "status"];
/// Fields of the metadata that no manager owns.
const UNMANAGED_METADATA: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
];

/// Returns the items of a list with their names. `None` if an item is not an object with a `name`,
/// or the list is empty: such a list is a single field.
///
/// This simplifies the API server's schemas, in which some lists have another key: ports of
/// containers have `containerPort`.
pub(super) fn named_items(list: &[Value]) -> Option<Vec<(String, &Value)>> {
    let items: Option<Vec<_>> = list
        .iter()
        .map(|item| Some((item.as_object()?.get("name")?.as_str()?.to_owned(), item)))
        .collect();
    items.filter(|items| !items.is_empty())
}

/// Returns the fields of an object that managers can own, with their values.
pub(super) fn leaf_fields(object: &Value) -> BTreeMap<FieldPath, Value> {
    let mut found = BTreeMap::new();
    collect_leaves(object, &mut Vec::new(), &mut found);
    found
}

fn collect_leaves(value: &Value, path: &mut FieldPath, found: &mut BTreeMap<FieldPath, Value>) {
    let Some(children) = children_of(value, path) else {
        found.insert(path.clone(), value.clone());
        return;
    };
    for (segment, child) in children {
        path.push(segment);
        collect_leaves(child, path, found);
        path.pop();
    }
}

/// Returns the values in a map or a list with the segments of their paths, or `None` if the value
/// is a single field.
fn children_of<'a>(value: &'a Value, path: &[String]) -> Option<Vec<(String, &'a Value)>> {
    match value {
        Value::Object(map) if !map.is_empty() => Some(
            map.iter()
                .filter(|(key, _)| is_managed(path, key))
                .map(|(key, value)| (key.clone(), value))
                .collect(),
        ),
        Value::Array(list) => Some(
            named_items(list)?
                .into_iter()
                .map(|(name, item)| (format!("[{name}]"), item))
                .collect(),
        ),
        _ => None,
    }
}

/// Whether managers can own the field of a key below a path.
fn is_managed(path: &[String], key: &str) -> bool {
    match path {
        [] => !UNMANAGED_ROOT.contains(&key),
        [parent] if parent == "metadata" => !UNMANAGED_METADATA.contains(&key),
        _ => true,
    }
}
