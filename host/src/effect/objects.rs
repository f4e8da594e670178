//! Objects of the API: brought to a state where they are not in it already.
mod kinds;
pub mod owner;

pub use kinds::{Delete, Object, Patch};

use super::{Applied, Done, Sent};
use crate::world::{
    Cluster, Tried,
    object_ref::{reference, resource, target},
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What to do with an object that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IfExists {
    /// replace it (kubeadm's CreateOrUpdate)
    #[default]
    Update,
    /// leave it (CreateOrRetain)
    Retain,
    /// server-side apply
    Apply,
}

/// Creates an object, or does with the one that is there as told.
pub fn ensure(manifest: &Value, if_exists: IfExists, cluster: &dyn Cluster) -> Tried<Done> {
    let of = reference(manifest)?;
    if let Some(current) = cluster.get(&of)? {
        return change(manifest, if_exists, &current, cluster);
    }
    if if_exists == IfExists::Apply {
        cluster.server_side_apply(manifest)?;
        return Ok(Done {
            sent: vec![sent("APPLY", &of, manifest)],
            ..Applied::Changed.into()
        });
    }
    let applied = match cluster.create(manifest) {
        Ok(_) => Applied::Changed,
        // Another client made the object first.
        Err(failure) if failure.code == FailureCode::AlreadyExists => match if_exists {
            IfExists::Retain => retained(),
            _ => cluster.replace(manifest).map(|_| Applied::Changed)?,
        },
        Err(failure) => return Err(failure),
    };
    Ok(Done {
        sent: vec![sent("CREATE", &of, manifest)],
        ..applied.into()
    })
}

/// Does with an object that is there, and was read, as told.
pub fn change(
    manifest: &Value,
    if_exists: IfExists,
    current: &Value,
    cluster: &dyn Cluster,
) -> Tried<Done> {
    let applied = match if_exists {
        IfExists::Retain => retained(),
        _ if holds(&comparable(manifest), current) => Applied::Unchanged,
        IfExists::Apply => cluster
            .server_side_apply(manifest)
            .map(|_| Applied::Changed)?,
        IfExists::Update => cluster.replace(manifest).map(|_| Applied::Changed)?,
    };
    let verb = match if_exists {
        IfExists::Apply => "APPLY",
        IfExists::Update | IfExists::Retain => "UPDATE",
    };
    Ok(Done {
        sent: vec![sent(verb, &reference(manifest)?, manifest)],
        ..applied.into()
    })
}

fn retained() -> Applied {
    Applied::Skipped("it is there already and is kept as it is".into())
}

/// A strategic merge patch, where the object does not show it already.
pub fn patch(of: &ObjectRef, patch: &Value, cluster: &dyn Cluster) -> Tried<Done> {
    let current = cluster.get(of)?;
    patch_current(of, patch, current.as_ref(), cluster)
}

/// A strategic merge patch of an object that was read.
pub fn patch_current(
    of: &ObjectRef,
    patch: &Value,
    current: Option<&Value>,
    cluster: &dyn Cluster,
) -> Tried<Done> {
    let current = current.ok_or_else(|| {
        Failure::new(
            FailureCode::NotFound,
            format!("{} is not there to be patched", target(of)),
        )
    })?;
    let changed = !shows(patch, current);
    if changed {
        cluster.patch(of, patch)?;
    }
    Ok(Done {
        sent: vec![sent("PATCH", of, patch)],
        ..Done::from(changed)
    })
}

/// Deletes an object, where there is one.
pub fn delete(of: &ObjectRef, cluster: &dyn Cluster) -> Tried<Done> {
    let changed = cluster.get(of)?.is_some();
    if changed {
        cluster.delete(of, None)?;
    }
    Ok(deleted(of, changed))
}

/// The result of a deletion, which changed something if the object was there.
fn deleted(of: &ObjectRef, changed: bool) -> Done {
    Done {
        sent: vec![sent("DELETE", of, &Value::Null)],
        ..Done::from(changed)
    }
}

/// The record of one write.
pub fn sent(verb: &'static str, of: &ObjectRef, body: &Value) -> Sent {
    Sent {
        verb,
        resource: resource(&of.kind),
        namespace: of.namespace.clone(),
        name: of.name.clone(),
        body: body.to_string(),
    }
}

/// A manifest without what the API server takes but never gives back as it was.
fn comparable(manifest: &Value) -> Value {
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

/// Whether an object is as wanted: everything wanted is there, and lists are the same length. What
/// the server added (defaults, its own metadata) does not count; what is wanted empty may be
/// absent.
fn holds(wanted: &Value, current: &Value) -> bool {
    match (wanted, current) {
        (Value::Object(wanted), Value::Object(current)) => wanted.iter().all(|(key, wanted)| {
            current
                .get(key)
                .map_or_else(|| empty(wanted), |current| holds(wanted, current))
        }),
        (Value::Array(wanted), Value::Array(current)) => {
            wanted.len() == current.len()
                && wanted
                    .iter()
                    .zip(current)
                    .all(|(wanted, current)| holds(wanted, current))
        }
        _ => wanted == current,
    }
}

/// Whether an object shows a patch: lists are merged, so every element of the patch is to be found
/// somewhere.
fn shows(patch: &Value, current: &Value) -> bool {
    match (patch, current) {
        (Value::Object(patch), Value::Object(current)) => patch.iter().all(|(key, patch)| {
            current
                .get(key)
                .map_or_else(|| empty(patch), |current| shows(patch, current))
        }),
        (Value::Array(patch), Value::Array(current)) => patch
            .iter()
            .all(|patch| current.iter().any(|current| shows(patch, current))),
        _ => patch == current,
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(object) => object.values().all(empty),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
