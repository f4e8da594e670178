//! A manifest after the user's patches.
use crate::render::{patches::Patches, quantity};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

/// The patched manifest in its typed form, and the messages of the patches that were applied.
///
/// # Errors
/// A patch that does not apply, or one that makes the manifest something else than a Pod.
pub fn patched(component: &str, manifest: Value, patches: &Patches) -> Result<(Value, Vec<String>), String> {
    let fail = |error: String| format!("failed to patch static Pod manifest file for {component:?}: {error}");
    let before = manifest.clone();
    let (manifest, messages) = patches.apply(component, manifest).map_err(fail)?;
    let typed = typed(manifest.clone()).map_err(|error| {
        let place = another_kind(&before, &manifest, "").map(|path| format!("{path}: ")).unwrap_or_default();
        fail(format!("failed to unmarshal patched manifest: {place}{error}"))
    })?;
    Ok((typed, messages))
}

/// A Pod as Go would write it again: fields it does not know dropped, those it always writes added.
fn typed(mut manifest: Value) -> Result<Value, String> {
    quantities(&mut manifest, false);
    let fail = |error: serde_json::Error| error.to_string();
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

/// Brings quantities into their canonical form; YAML may have them as numbers. `inside` is below a field of them.
fn quantities(value: &mut Value, inside: bool) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| {
            let here = ["limits", "requests", "overhead", "sizeLimit", "divisor"].contains(&name.as_str());
            quantities(value, inside || here);
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| quantities(item, inside)),
        Value::Number(_) | Value::String(_) if inside => {
            let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
            *value = quantity::canonical(&text).unwrap_or(text).into();
        }
        _ => {}
    }
}

/// The first field that a patch turned from a list or object into something else, or into one.
fn another_kind(before: &Value, after: &Value, path: &str) -> Option<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before.iter().find_map(|(name, before)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            another_kind(before, after.get(name)?, &path)
        }),
        (Value::Array(before), Value::Array(after)) => {
            let pairs = before.iter().zip(after).enumerate();
            pairs.into_iter().find_map(|(i, (before, after))| another_kind(before, after, &format!("{path}[{i}]")))
        }
        _ => (std::mem::discriminant(before) != std::mem::discriminant(after)).then(|| path.to_string()),
    }
}
