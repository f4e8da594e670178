//! Objects of the cluster: typed functions over `observe-cluster` and `effects-cluster`.
use crate::{Effect, Failure, ObjectRef, effects_cluster, inputs::parse, observe_cluster};
use serde_json::Value;

/// Returns an object; `None` if the cluster does not have it.
///
/// # Errors
/// Failures of the host, such as `denied` or `unavailable`.
pub fn get_object(object: &ObjectRef) -> Result<Option<Value>, Failure> {
    observe_cluster::get_object(object)?
        .map(|text| parse(&text, &format!("{} {}", object.kind, object.name)))
        .transpose()
}

/// Returns the objects of a kind, in one namespace or in all, that match a label selector.
///
/// # Errors
/// Failures of the host, such as `denied` or `unavailable`.
pub fn list_objects(
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
    selector: Option<&str>,
) -> Result<Vec<Value>, Failure> {
    observe_cluster::list_objects(api_version, kind, namespace, selector)?
        .iter()
        .map(|text| parse(text, kind))
        .collect()
}

/// Proposes an object, created or changed to this state.
///
/// # Errors
/// Failures of the host, such as `denied` or `invalid`.
pub fn apply_object(manifest: &Value) -> Result<Effect, Failure> {
    effects_cluster::apply_object(&manifest.to_string())
}

/// Proposes a strategic merge patch of an object.
///
/// # Errors
/// Failures of the host, such as `denied` or `invalid`.
pub fn patch_object(object: &ObjectRef, patch: &Value) -> Result<Effect, Failure> {
    effects_cluster::patch_object(object, &patch.to_string())
}

/// Proposes that an object is deleted.
///
/// # Errors
/// Failures of the host, such as `denied` or `invalid`.
pub fn delete_object(object: &ObjectRef) -> Result<Effect, Failure> {
    effects_cluster::delete_object(object)
}
