//! Merges manifests into objects, and removes fields of objects.
use super::fields::named_items;
use serde_json::{Map, Value};

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
            if named_items(list).is_some() && named_items(manifest).is_some() =>
        {
            for item in manifest {
                match list
                    .iter_mut()
                    .find(|present| present["name"] == item["name"])
                {
                    Some(present) => merge(present, item),
                    None => list.push(item.clone()),
                }
            }
        }
        (value, manifest) => *value = manifest.clone(),
    }
}

/// Removes a field, and objects and list items that become empty.
pub(super) fn remove_field(object: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if let Some(name) = first
        .strip_prefix('[')
        .map(|name| name.trim_end_matches(']'))
    {
        let Some(list) = object.as_array_mut() else {
            return;
        };
        if let Some(index) = list.iter().position(|item| item["name"] == name) {
            remove_field(&mut list[index], rest);
            // An item that has lost its name is removed, too.
            if rest == ["name"] || list[index].as_object().is_some_and(Map::is_empty) {
                list.remove(index);
            }
        }
    } else if let Some(map) = object.as_object_mut() {
        if rest.is_empty() {
            map.remove(first);
        } else if let Some(value) = map.get_mut(first) {
            remove_field(value, rest);
            if value.as_object().is_some_and(Map::is_empty) {
                map.remove(first);
            }
        }
    }
}
