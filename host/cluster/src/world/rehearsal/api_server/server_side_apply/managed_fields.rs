//! `metadata.managedFields`, the record of the fields that each field manager set.
use super::fields::{FieldPath, item_part};
use crate::world::rehearsal::api_server::store::now;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fields by field manager.
pub(super) type Managers = BTreeMap<String, BTreeSet<FieldPath>>;

/// Returns the managers of an object's fields.
pub(super) fn read_managers(object: &Value) -> Managers {
    let entries = object["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten();
    entries
        .filter_map(|entry| {
            Some((
                entry["manager"].as_str()?.to_owned(),
                from_fields_v1(&entry["fieldsV1"]),
            ))
        })
        .collect()
}

/// Writes the managers of an object's fields into the object. Managers without fields are left out.
pub(super) fn write_managers(object: &mut Value, managers: Managers) {
    let api_version = object["apiVersion"].clone();
    object["metadata"]["managedFields"] = managers
        .into_iter()
        .filter(|(_, fields)| !fields.is_empty())
        .map(|(manager, fields)| {
            json!({
                "manager": manager,
                "operation": "Apply",
                "apiVersion": api_version,
                "time": now(),
                "fieldsType": "FieldsV1",
                "fieldsV1": to_fields_v1(&fields),
            })
        })
        .collect();
}

/// Returns fields as `FieldsV1`: a tree of `f:key` and `k:{"name":"x"}`.
fn to_fields_v1(fields: &BTreeSet<FieldPath>) -> Value {
    let mut tree = json!({});
    for path in fields {
        let mut node = &mut tree;
        for part in path.parts() {
            let key = match part.strip_prefix('[') {
                Some(name) => format!("k:{}", json!({"name": name.trim_end_matches(']')})),
                None => format!("f:{part}"),
            };
            node = &mut node[key];
            if node.is_null() {
                *node = json!({});
            }
        }
    }
    tree
}

/// Returns the fields of a `FieldsV1`.
fn from_fields_v1(tree: &Value) -> BTreeSet<FieldPath> {
    let mut found = BTreeSet::new();
    if tree.as_object().is_some_and(|tree| !tree.is_empty()) {
        collect_paths(tree, &mut FieldPath::default(), &mut found);
    }
    found
}

fn collect_paths(tree: &Value, path: &mut FieldPath, found: &mut BTreeSet<FieldPath>) {
    let Some(children) = tree.as_object().filter(|children| !children.is_empty()) else {
        found.insert(path.clone());
        return;
    };
    for (key, value) in children {
        let length = path.enter(&path_part(key));
        collect_paths(value, path, found);
        path.leave(length);
    }
}

/// Returns the part of a path that a key of `FieldsV1` stands for.
fn path_part(key: &str) -> String {
    match key.strip_prefix("k:") {
        Some(key) => {
            let key: Value = serde_json::from_str(key).unwrap_or_default();
            item_part(key["name"].as_str().unwrap_or_default())
        }
        None => key.trim_start_matches("f:").to_owned(),
    }
}
