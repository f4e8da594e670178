//! Server-side apply: records which field manager set which field, and reports a conflict if two
//! managers set a field to different values.
//!
//! A field is a scalar or a list. Exception: a list whose items are all objects with a `name` is
//! merged item by item, as Kubernetes does for containers, volumes and the like.
//!
//! `fields` finds the fields of an object, `managed_fields` reads and writes who manages them,
//! `merge` changes objects.
mod fields;
mod managed_fields;
mod merge;

use super::status::{ApiError, ApiResult};
use fields::{FieldPath, leaf_fields};
use managed_fields::{Managers, read_managers, write_managers};
use merge::{merge, remove_fields};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the object that results when `manager` applies a manifest to it. With `force`, fields of
/// other managers are overridden.
///
/// # Errors
/// `Conflict` if another manager set a field to another value.
pub fn apply(
    current: Option<&Value>,
    manifest: &Value,
    manager: &str,
    force: bool,
) -> ApiResult<Value> {
    let applied_fields = leaf_fields(manifest);
    let current_fields = current.map(leaf_fields).unwrap_or_default();
    let mut managers = current.map(read_managers).unwrap_or_default();
    let conflicts = find_conflicts(&managers, manager, &applied_fields, &current_fields);
    if force {
        for (owner, paths) in &conflicts {
            if let Some(fields) = managers.get_mut(owner) {
                fields.retain(|path| !paths.contains(path));
            }
        }
    } else if !conflicts.is_empty() {
        return Err(ApiError::conflict(conflict_message(&conflicts)));
    }
    let mut object = current.cloned().unwrap_or_else(|| json!({}));
    // Fields that this manager applied before and no manager wants any more.
    let mut removed = managers.remove(manager).unwrap_or_default();
    removed.retain(|path| {
        let is_managed_by_other = managers.values().any(|fields| fields.contains(path));
        !applied_fields.contains_key(path) && !is_managed_by_other
    });
    remove_fields(&mut object, &removed);
    drop(removed);
    merge(&mut object, manifest);
    managers.insert(manager.to_owned(), applied_fields.into_keys().collect());
    write_managers(&mut object, managers);
    Ok(object)
}

/// Returns the fields that other managers set to other values, by manager.
fn find_conflicts(
    managers: &Managers,
    manager: &str,
    applied_fields: &BTreeMap<FieldPath, &Value>,
    current_fields: &BTreeMap<FieldPath, &Value>,
) -> BTreeMap<String, Vec<FieldPath>> {
    let mut conflicts: BTreeMap<String, Vec<FieldPath>> = BTreeMap::new();
    for (path, value) in applied_fields {
        for (owner, fields) in managers {
            let is_managed_by_other = owner != manager && fields.contains(path);
            if is_managed_by_other && current_fields.get(path) != Some(value) {
                conflicts
                    .entry(owner.clone())
                    .or_default()
                    .push(path.clone());
            }
        }
    }
    conflicts
}

/// Returns the message about conflicts. For a single conflict it is kube-apiserver's.
fn conflict_message(conflicts: &BTreeMap<String, Vec<FieldPath>>) -> String {
    let count: usize = conflicts.values().map(Vec::len).sum();
    let plural = if count == 1 { "" } else { "s" };
    let shown: Vec<String> = conflicts
        .iter()
        .map(|(owner, paths)| {
            let paths: Vec<String> = paths
                .iter()
                .map(|path| path.parts().map(|part| format!(".{part}")).collect())
                .collect();
            format!("conflict with {owner:?}: {}", paths.join(", "))
        })
        .collect();
    format!(
        "Apply failed with {count} conflict{plural}: {}",
        shown.join("; ")
    )
}

/// Records the field manager of a create or an update: the manager gets the fields that the change
/// touched.
pub fn record_update(before: Option<&Value>, object: &mut Value, manager: &str) {
    let mut managers = before.map(read_managers).unwrap_or_default();
    let old = before.map(leaf_fields).unwrap_or_default();
    let new = leaf_fields(object);
    for fields in managers.values_mut() {
        fields.retain(|path| {
            new.get(path)
                .is_some_and(|value| old.get(path) == Some(value))
        });
    }
    let changed = new
        .into_iter()
        .filter(|(path, value)| old.get(path) != Some(value));
    let changed: BTreeSet<FieldPath> = changed.map(|(path, _)| path).collect();
    drop(old);
    managers
        .entry(manager.to_owned())
        .or_default()
        .extend(changed);
    write_managers(object, managers);
}

#[cfg(test)]
mod tests;
