//! A manifest after the user's patches.
use crate::render::patches::Patches;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

/// The patched manifest in its typed form, and the messages of the patches that were applied.
///
/// # Errors
/// A patch that does not apply, or one that makes the manifest something else than a Pod.
pub fn patched(component: &str, manifest: Value, patches: &Patches) -> Result<(Value, Vec<String>), String> {
    let fail = |error: String| format!("failed to patch static Pod manifest file for {component:?}: {error}");
    let (manifest, messages) = patches.apply(component, manifest).map_err(fail)?;
    Ok((typed(manifest).map_err(fail)?, messages))
}

/// A Pod as Go would write it again: fields it does not know dropped, those it always writes added.
fn typed(manifest: Value) -> Result<Value, String> {
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
