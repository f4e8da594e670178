//! Server-side apply: who set which field, and what happens where two disagree.
//!
//! Fields are leaves: scalars and lists. A list of objects that all have a `name` is taken apart by
//! it, as the schemas of Kubernetes do for containers, ports, volumes and their like; any other
//! list is one value.
use super::{
    status::{Answer, ApiError},
    store::now,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A field: keys from the top, list elements as `[name]`.
type Path = Vec<String>;

const IDENTITY: &[&str] = &["apiVersion", "kind"];
const NOT_APPLIED: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
];

/// The object as it is after `manager` applied `wanted` to it.
///
/// # Errors
/// A conflict, where another manager set a field otherwise and this one does not insist.
pub fn apply(current: Option<&Value>, wanted: &Value, manager: &str, force: bool) -> Answer<Value> {
    let wanted_fields = leaves(wanted);
    let mut owners = current.map(owners).unwrap_or_default();
    let present = current.map(leaves).unwrap_or_default();
    let mut conflicts: BTreeMap<String, Vec<Path>> = BTreeMap::new();
    for (path, value) in &wanted_fields {
        for (owner, fields) in owners
            .iter_mut()
            .filter(|(owner, _)| owner.as_str() != manager)
        {
            if fields.contains(path) && present.get(path) != Some(value) {
                if force {
                    fields.remove(path);
                } else {
                    conflicts
                        .entry(owner.clone())
                        .or_default()
                        .push(path.clone());
                }
            }
        }
    }
    if !conflicts.is_empty() {
        let count: usize = conflicts.values().map(Vec::len).sum();
        let shown: Vec<String> = conflicts
            .iter()
            .map(|(owner, paths)| {
                format!(
                    "conflict with {owner:?}: {}",
                    paths
                        .iter()
                        .map(|path| format!(".{}", path.join(".")))
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            })
            .collect();
        return Err(ApiError::conflict(format!(
            "Apply failed with {count} conflict{}: {}",
            if count == 1 { "" } else { "s" },
            shown.join("; ")
        )));
    }
    let mut object = current.cloned().unwrap_or_else(|| json!({}));
    // What this manager set before, and nobody wants any more.
    let wanted_paths: BTreeSet<Path> = wanted_fields.keys().cloned().collect();
    for path in owners
        .get(manager)
        .into_iter()
        .flatten()
        .filter(|path| !wanted_paths.contains(*path))
    {
        if !owners
            .iter()
            .any(|(owner, fields)| owner != manager && fields.contains(path))
        {
            remove(&mut object, path);
        }
    }
    merge(&mut object, wanted);
    owners.insert(manager.to_owned(), wanted_paths);
    owners.retain(|_, fields| !fields.is_empty());
    record(&mut object, &owners);
    Ok(object)
}

/// A change by other means than apply: its manager has what it changed.
pub fn own(before: Option<&Value>, object: &mut Value, manager: &str) {
    let mut owners = before.map(owners).unwrap_or_default();
    let (old, new) = (before.map(leaves).unwrap_or_default(), leaves(object));
    let changed: BTreeSet<Path> = new
        .iter()
        .filter(|(path, value)| old.get(*path) != Some(*value))
        .map(|(path, _)| path.clone())
        .collect();
    for fields in owners.values_mut() {
        fields.retain(|path| new.contains_key(path) && !changed.contains(path));
    }
    owners
        .entry(manager.to_owned())
        .or_default()
        .extend(changed);
    owners.retain(|_, fields| !fields.is_empty());
    record(object, &owners);
}

fn owners(object: &Value) -> BTreeMap<String, BTreeSet<Path>> {
    let entries = object["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten();
    entries
        .filter_map(|entry| {
            Some((
                entry["manager"].as_str()?.to_owned(),
                unfold(&entry["fieldsV1"]),
            ))
        })
        .collect()
}

fn record(object: &mut Value, owners: &BTreeMap<String, BTreeSet<Path>>) {
    let api_version = object["apiVersion"].clone();
    let entry = |(manager, fields): (&String, &BTreeSet<Path>)| {
        json!({
            "manager": manager,
            "operation": "Apply",
            "apiVersion": api_version,
            "time": now(),
            "fieldsType": "FieldsV1",
            "fieldsV1": fold(fields),
        })
    };
    object["metadata"]["managedFields"] = owners.iter().map(entry).collect();
}

/// `FieldsV1`: a tree of `f:key` and `k:{"name":"x"}`.
fn fold(fields: &BTreeSet<Path>) -> Value {
    let mut tree = json!({});
    for path in fields {
        let mut at = &mut tree;
        for part in path {
            let key = match part.strip_prefix('[') {
                Some(name) => format!("k:{}", json!({"name": name.trim_end_matches(']')})),
                None => format!("f:{part}"),
            };
            at = &mut at[key];
            if at.is_null() {
                *at = json!({});
            }
        }
    }
    tree
}

fn unfold(tree: &Value) -> BTreeSet<Path> {
    fn walk(tree: &Value, path: &mut Path, found: &mut BTreeSet<Path>) {
        let below = tree.as_object().filter(|below| !below.is_empty());
        let Some(below) = below else {
            found.insert(path.clone());
            return;
        };
        for (key, value) in below {
            let part = match key.strip_prefix("k:") {
                Some(key) => format!(
                    "[{}]",
                    serde_json::from_str::<Value>(key).unwrap_or_default()["name"]
                        .as_str()
                        .unwrap_or_default()
                ),
                None => key.trim_start_matches("f:").to_owned(),
            };
            path.push(part);
            walk(value, path, found);
            path.pop();
        }
    }
    let mut found = BTreeSet::new();
    if tree.as_object().is_some_and(|tree| !tree.is_empty()) {
        walk(tree, &mut Vec::new(), &mut found);
    }
    found
}

/// The elements of a list by name; none where it is one value.
fn named(list: &[Value]) -> Option<Vec<(String, &Value)>> {
    let named: Option<Vec<_>> = list
        .iter()
        .map(|item| Some((item.as_object()?.get("name")?.as_str()?.to_owned(), item)))
        .collect();
    named.filter(|named| !named.is_empty())
}

fn leaves(object: &Value) -> BTreeMap<Path, Value> {
    fn walk(value: &Value, path: &mut Path, found: &mut BTreeMap<Path, Value>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    let skipped = (path.is_empty()
                        && (IDENTITY.contains(&key.as_str()) || key == "status"))
                        || (path.len() == 1
                            && path[0] == "metadata"
                            && NOT_APPLIED.contains(&key.as_str()));
                    if !skipped {
                        path.push(key.clone());
                        walk(value, path, found);
                        path.pop();
                    }
                }
            }
            Value::Array(list) => match named(list) {
                Some(items) => {
                    for (name, item) in items {
                        path.push(format!("[{name}]"));
                        walk(item, path, found);
                        path.pop();
                    }
                }
                None => drop(found.insert(path.clone(), value.clone())),
            },
            other => drop(found.insert(path.clone(), other.clone())),
        }
    }
    let mut found = BTreeMap::new();
    walk(object, &mut Vec::new(), &mut found);
    found
}

fn merge(into: &mut Value, wanted: &Value) {
    match (into, wanted) {
        (Value::Object(into), Value::Object(wanted)) => {
            for (key, value) in wanted {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(wanted))
            if named(into).is_some() && named(wanted).is_some() =>
        {
            for item in wanted {
                match into
                    .iter_mut()
                    .find(|present| present["name"] == item["name"])
                {
                    Some(present) => merge(present, item),
                    None => into.push(item.clone()),
                }
            }
        }
        (into, wanted) => *into = wanted.clone(),
    }
}

fn remove(object: &mut Value, path: &[String]) {
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
        if let Some(at) = list.iter().position(|item| item["name"] == name) {
            remove(&mut list[at], rest);
            // An element of which nothing is left but its name is gone.
            if rest == ["name"] || list[at].as_object().is_some_and(Map::is_empty) {
                list.remove(at);
            }
        }
    } else if let Some(map) = object.as_object_mut() {
        if rest.is_empty() {
            map.remove(first);
        } else if let Some(below) = map.get_mut(first) {
            remove(below, rest);
            if below.as_object().is_some_and(Map::is_empty) {
                map.remove(first);
            }
        }
    }
}

#[cfg(test)]
mod tests;
