//! Brings a patched manifest into the form in which Go writes a Pod.
use crate::text::{misfit, quantity};
use k8s_openapi::api::core::v1::Pod;
use kubephase_sdk::release::Release;
use serde_json::{Value, json};

/// Returns a Pod as Go writes it: without fields that Go does not know, and with those that it
/// of this release always writes.
///
/// # Errors
/// The patched manifest is not a Pod. The message names the field.
pub fn normalize_pod(mut manifest: Value, release: &Release) -> Result<Value, String> {
    normalize_quantities(&mut manifest, false);
    let pod: Pod = serde_json::from_value(manifest.clone()).map_err(|error| {
        let place = find_misfit(&manifest)
            .map(|path| format!("{path}: "))
            .unwrap_or_default();
        format!(
            "failed to unmarshal patched manifest: {place}{}",
            misfit::explain(&error)
        )
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
            let variables = container.get_mut("env").and_then(Value::as_array_mut);
            for variable in variables.into_iter().flatten() {
                variable.get_mut("valueFrom").map(complete_source);
            }
        }
    }
    if pod.get("status").is_none() {
        pod["status"] = json!({});
    }
    if release.static_pods.creation_timestamp && pod["metadata"]["creationTimestamp"].is_null() {
        pod["metadata"]["creationTimestamp"] = Value::Null;
    }
    Ok(pod)
}

/// Completes the source of a variable: a divisor is always written, an empty name never.
fn complete_source(source: &mut Value) {
    if let Some(resource) = source.get_mut("resourceFieldRef")
        && resource.get("divisor").is_none()
    {
        resource["divisor"] = "0".into();
    }
    for reference in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(fields) = source.get_mut(reference).and_then(Value::as_object_mut)
            && fields.get("name").is_some_and(|name| name == "")
        {
            fields.remove("name");
        }
    }
}

/// Returns the field because of which a manifest is not a Pod: `spec.containers`. Each field is
/// tried alone.
fn find_misfit(manifest: &Value) -> Option<String> {
    let (section, fields) = manifest
        .as_object()?
        .iter()
        .find(|(section, value)| !fits_pod(section, (*value).clone()))?;
    let field = fields
        .as_object()
        .into_iter()
        .flatten()
        .find(|(field, value)| !fits_pod(section, json!({ *field: value })));
    Some(field.map_or_else(
        || section.clone(),
        |(field, _)| format!("{section}.{field}"),
    ))
}

/// Whether a Pod may have this section.
fn fits_pod(section: &str, value: Value) -> bool {
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", section: value });
    serde_json::from_value::<Pod>(pod).is_ok()
}

/// Brings quantities into their canonical form; YAML may have them as numbers. `inside` says that
/// the value is below a field that holds quantities.
fn normalize_quantities(value: &mut Value, inside: bool) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| {
            let here =
                ["limits", "requests", "overhead", "sizeLimit", "divisor"].contains(&name.as_str());
            normalize_quantities(value, inside || here);
        }),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| normalize_quantities(item, inside)),
        Value::Number(_) | Value::String(_) if inside => {
            let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
            *value = quantity::canonical(&text).unwrap_or(text).into();
        }
        _ => {}
    }
}
