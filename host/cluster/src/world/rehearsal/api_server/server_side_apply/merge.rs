//! Merges manifests into objects, and removes fields of objects.
use super::fields::{FieldPath, item_names, item_part};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

/// Copies the fields of a manifest into an object. Lists whose items have names are merged item by
/// item, other lists are replaced.
pub(super) fn merge(object: &mut Value, manifest: &Value) {
    match (object, manifest) {
        (Value::Object(object), Value::Object(manifest)) => {
            for (key, value) in manifest {
                merge(object.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(list), Value::Array(manifest))
            if item_names(list).is_some() && item_names(manifest).is_some() =>
        {
            merge_items(list, manifest);
        }
        (value, manifest) => *value = manifest.clone(),
    }
}

/// Merges lists whose items have names. A search of the whole list for each item would take minutes
/// for a very long list.
fn merge_items(list: &mut Vec<Value>, manifest: &[Value]) {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, name) in item_names(list).into_iter().flatten().enumerate() {
        places.entry(name.to_owned()).or_insert(place);
    }
    for item in manifest {
        let name = item["name"].as_str().unwrap_or_default();
        match places.get(name) {
            Some(place) => merge(&mut list[*place], item),
            None => {
                places.insert(name.to_owned(), list.len());
                list.push(item.clone());
            }
        }
    }
}

/// Removes fields, and the objects and list items that are empty afterwards. An item that loses its
/// name is removed, too.
pub(super) fn remove_fields(object: &mut Value, removed: &BTreeSet<FieldPath>) {
    if !removed.is_empty() {
        prune(object, &mut FieldPath::default(), removed);
    }
}

/// Removes fields of a value. Returns whether the value itself has to go.
fn prune(value: &mut Value, path: &mut FieldPath, removed: &BTreeSet<FieldPath>) -> bool {
    if removed.contains(path) {
        return true;
    }
    match value {
        Value::Object(map) => prune_map(map, path, removed),
        Value::Array(list) if item_names(list).is_some() => {
            list.retain_mut(|item| {
                let name = item["name"].as_str().unwrap_or_default();
                let length = path.enter(&item_part(name));
                let has_gone = prune(item, path, removed) || item.get("name").is_none();
                path.leave(length);
                !has_gone
            });
            false
        }
        _ => false,
    }
}

/// Removes fields of a map. Returns whether nothing is left of it.
fn prune_map(
    map: &mut Map<String, Value>,
    path: &mut FieldPath,
    removed: &BTreeSet<FieldPath>,
) -> bool {
    let before = map.len();
    map.retain(|key, child| {
        let length = path.enter(key);
        let has_gone = prune(child, path, removed);
        path.leave(length);
        !has_gone
    });
    map.len() < before && map.is_empty()
}
