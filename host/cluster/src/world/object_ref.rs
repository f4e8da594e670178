//! References to objects of the API, and their names in messages.
use super::WorldResult;
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;

/// Returns the reference of the object that a manifest describes.
///
/// # Errors
/// `invalid` if the manifest has no apiVersion, kind or name.
pub fn reference(manifest: &Value) -> WorldResult<ObjectRef> {
    Ok(ObjectRef {
        api_version: text_at(manifest, "/apiVersion")?,
        kind: text_at(manifest, "/kind")?,
        namespace: text_at(manifest, "/metadata/namespace").ok(),
        name: text_at(manifest, "/metadata/name")?,
    })
}

/// Returns the text at a pointer of a manifest.
///
/// # Errors
/// `invalid` if there is no text at the pointer, or if the text is empty.
fn text_at(manifest: &Value, pointer: &str) -> WorldResult<String> {
    let found = manifest
        .pointer(pointer)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    found.map(str::to_owned).ok_or_else(|| {
        Failure::new(
            FailureCode::Invalid,
            format!(
                "the manifest of an object has no {}",
                &pointer[1..].replace('/', ".")
            ),
        )
    })
}

/// Returns the name of an object in messages: `configmaps kube-system/kubeadm-config`.
pub fn target(of: &ObjectRef) -> String {
    match &of.namespace {
        Some(namespace) => format!("{} {namespace}/{}", resource(&of.kind), of.name),
        None => format!("{} {}", resource(&of.kind), of.name),
    }
}

/// Returns the plural by which the API knows a kind. It is regular for every kind that a phase
/// proposes; Kubernetes itself guesses plurals in this way (`UnsafeGuessKindToResource`).
pub fn resource(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.as_bytes() {
        [.., b's'] => format!("{lower}es"),
        [.., b'y'] => format!("{}ies", &lower[..lower.len() - 1]),
        _ => format!("{lower}s"),
    }
}
