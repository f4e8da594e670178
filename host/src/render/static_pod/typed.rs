//! A manifest in its typed form, whatever the user's patches made of it.
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

/// A Pod as Go would write it again: fields it does not know dropped, those it always writes added.
///
/// # Errors
/// A manifest that patches made something else than a Pod.
pub fn typed(manifest: Value) -> Result<Value, String> {
    let fail = |error: serde_json::Error| format!("failed to unmarshal patched manifest: {error}");
    let pod: Pod = serde_json::from_value(manifest).map_err(fail)?;
    let mut pod = serde_json::to_value(&pod).map_err(fail)?;
    for list in ["/spec/containers", "/spec/initContainers"] {
        for container in pod.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if container.get("resources").is_none() {
                container["resources"] = json!({});
            }
        }
    }
    if pod.get("status").is_none() {
        pod["status"] = json!({});
    }
    Ok(pod)
}
