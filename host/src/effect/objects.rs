//! Effects on objects of the API: each brings an object into a state, unless the object is in it
//! already.
mod kinds;
pub mod owner;

pub use kinds::{Delete, Object, Patch};

use super::{Applied, EffectOutcome, ObjectWrite};
use crate::world::{
    Cluster, WorldResult,
    object_ref::{reference, resource, target},
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The treatment of an object that exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IfExists {
    /// replace the object (kubeadm's CreateOrUpdate)
    #[default]
    Update,
    /// leave the object unchanged (kubeadm's CreateOrRetain)
    Retain,
    /// server-side apply
    Apply,
}

/// Creates an object. If the object exists already, does with it what `if_exists` says.
///
/// # Errors
/// The manifest does not name an object, or the API server refuses a request.
pub fn ensure(
    manifest: &Value,
    if_exists: IfExists,
    cluster: &dyn Cluster,
) -> WorldResult<EffectOutcome> {
    let object = reference(manifest)?;
    if let Some(current) = cluster.get(&object)? {
        return change_existing(manifest, if_exists, &current, cluster);
    }
    if if_exists == IfExists::Apply {
        cluster.server_side_apply(manifest)?;
        return Ok(EffectOutcome {
            writes: vec![record_write("APPLY", &object, manifest)],
            ..Applied::Changed.into()
        });
    }
    let verb = match cluster.create(manifest) {
        Ok(_) => "CREATE",
        // Another client made the object first.
        Err(failure) if failure.code == FailureCode::AlreadyExists => {
            if if_exists == IfExists::Retain {
                return Ok(retained_result());
            }
            cluster.replace(manifest)?;
            "UPDATE"
        }
        Err(failure) => return Err(failure),
    };
    Ok(EffectOutcome {
        writes: vec![record_write(verb, &object, manifest)],
        ..Applied::Changed.into()
    })
}

/// Changes an object that was read (`current`), as `if_exists` says.
///
/// # Errors
/// The API server refuses the change.
pub fn change_existing(
    manifest: &Value,
    if_exists: IfExists,
    current: &Value,
    cluster: &dyn Cluster,
) -> WorldResult<EffectOutcome> {
    let wanted = without_changing_fields(manifest);
    let applied = match if_exists {
        IfExists::Retain => return Ok(retained_result()),
        _ if has_state(&wanted, current, ListComparison::Equal) => Applied::Unchanged,
        IfExists::Apply => cluster
            .server_side_apply(manifest)
            .map(|_| Applied::Changed)?,
        IfExists::Update => cluster.replace(manifest).map(|_| Applied::Changed)?,
    };
    let verb = match if_exists {
        IfExists::Apply => "APPLY",
        _ => "UPDATE",
    };
    Ok(EffectOutcome {
        writes: vec![record_write(verb, &reference(manifest)?, manifest)],
        ..applied.into()
    })
}

/// Returns the result for an object that is kept unchanged. Nothing is recorded: the object in the
/// cluster may differ from the manifest.
fn retained_result() -> EffectOutcome {
    Applied::Skipped("it exists already and is kept unchanged".into()).into()
}

/// Applies a strategic merge patch, unless the object has the patched state already.
///
/// # Errors
/// The object does not exist, or the API server refuses the patch.
pub fn apply_patch(
    object: &ObjectRef,
    patch: &Value,
    cluster: &dyn Cluster,
) -> WorldResult<EffectOutcome> {
    let current = cluster.get(object)?;
    patch_current(object, patch, current.as_ref(), cluster)
}

/// Applies a strategic merge patch to an object that was read (`current`), unless the object has
/// the patched state already.
///
/// # Errors
/// The object does not exist, or the API server refuses the patch.
pub fn patch_current(
    object: &ObjectRef,
    patch: &Value,
    current: Option<&Value>,
    cluster: &dyn Cluster,
) -> WorldResult<EffectOutcome> {
    let current = current.ok_or_else(|| {
        Failure::new(
            FailureCode::NotFound,
            format!("{} does not exist, so it cannot be patched", target(object)),
        )
    })?;
    let changed = !has_state(patch, current, ListComparison::Contains);
    if changed {
        cluster.patch(object, patch)?;
    }
    Ok(EffectOutcome {
        writes: vec![record_write("PATCH", object, patch)],
        ..EffectOutcome::from(changed)
    })
}

/// Deletes an object, if it exists.
///
/// # Errors
/// The API server refuses a request.
pub fn delete(object: &ObjectRef, cluster: &dyn Cluster) -> WorldResult<EffectOutcome> {
    let changed = cluster.get(object)?.is_some();
    if changed {
        cluster.delete(object, None)?;
    }
    Ok(deletion_result(object, changed))
}

/// Returns the result of a deletion. It changed something if the object existed.
fn deletion_result(object: &ObjectRef, changed: bool) -> EffectOutcome {
    EffectOutcome {
        writes: vec![record_write("DELETE", object, &Value::Null)],
        ..EffectOutcome::from(changed)
    }
}

/// Returns the record of the write that an effect asks for. It is recorded even if the object is in
/// the wanted state already, so that the output of a run does not depend on the state of the
/// cluster.
pub fn record_write(verb: &'static str, object: &ObjectRef, body: &Value) -> ObjectWrite {
    ObjectWrite {
        verb,
        resource: resource(&object.kind),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        body: body.to_string(),
    }
}

/// Returns a manifest without the fields that the API server accepts but never returns unchanged.
fn without_changing_fields(manifest: &Value) -> Value {
    let mut manifest = manifest.clone();
    if let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("resourceVersion");
        metadata.remove("uid");
    }
    if let Some(object) = manifest.as_object_mut() {
        object.remove("status");
    }
    manifest
}

/// A rule for comparing the lists of a wanted state with the lists of an object.
#[derive(Clone, Copy)]
enum ListComparison {
    /// Lists are equally long, and each item has the wanted state.
    Equal,
    /// Each wanted item may be anywhere in its list: a patch merges lists.
    Contains,
}

/// Whether an object is in the wanted state: it has all wanted fields with the wanted values.
/// Fields that the server added (defaults, its own metadata) do not count. A field that is to be
/// empty may be absent.
fn has_state(wanted: &Value, current: &Value, lists: ListComparison) -> bool {
    let is_in_state = |wanted: &Value, current: &Value| has_state(wanted, current, lists);
    match (wanted, current) {
        (Value::Object(wanted), Value::Object(current)) => wanted.iter().all(|(key, wanted)| {
            current
                .get(key)
                .map_or_else(|| is_empty(wanted), |current| is_in_state(wanted, current))
        }),
        (Value::Array(wanted), Value::Array(current)) => match lists {
            ListComparison::Equal => {
                let mut pairs = wanted.iter().zip(current);
                wanted.len() == current.len()
                    && pairs.all(|(wanted, current)| is_in_state(wanted, current))
            }
            ListComparison::Contains => wanted
                .iter()
                .all(|wanted| current.iter().any(|current| is_in_state(wanted, current))),
        },
        _ => wanted == current,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(object) => object.values().all(is_empty),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
