//! A manifest in its typed form, whatever the user's patches made of it.
use crate::text::quantity;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

/// A Pod as Go would write it again: fields it does not know dropped, those it always writes added.
///
/// # Errors
/// A manifest that patches made something else than a Pod.
pub fn normalize_pod(mut manifest: Value) -> Result<Value, String> {
    quantities(&mut manifest, false);
    let pod: Pod = serde_json::from_value(manifest.clone()).map_err(|error| {
        let place = culprit(&manifest)
            .map(|path| format!("{path}: "))
            .unwrap_or_default();
        format!("failed to unmarshal patched manifest: {place}{error}")
    })?;
    let mut pod = serde_json::to_value(&pod).map_err(|error| error.to_string())?;
    for list in ["/spec/containers", "/spec/initContainers"] {
        for container in pod
            .pointer_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
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

/// The field that keeps a manifest from being a Pod, `spec.containers`: each is tried by itself.
fn culprit(manifest: &Value) -> Option<String> {
    let fits = |section: &str, value: Value| {
        serde_json::from_value::<Pod>(json!({ "apiVersion": "v1", "kind": "Pod", section: value }))
            .is_ok()
    };
    let (section, fields) = manifest
        .as_object()?
        .iter()
        .find(|(section, value)| !fits(section, (*value).clone()))?;
    let field = fields
        .as_object()
        .into_iter()
        .flatten()
        .find(|(field, value)| !fits(section, json!({ *field: value })));
    Some(field.map_or_else(
        || section.clone(),
        |(field, _)| format!("{section}.{field}"),
    ))
}

/// Brings quantities into their canonical form; YAML may have them as numbers. `inside` is below a
/// field of them.
fn quantities(value: &mut Value, inside: bool) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| {
            let here =
                ["limits", "requests", "overhead", "sizeLimit", "divisor"].contains(&name.as_str());
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
