//! Brings a patched document into the form in which Go writes an object of its type: without fields
//! that Go does not know, without optional fields that are empty, and with those that it always
//! writes.

mod zero;

use crate::text::{misfit, quantity};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kubephase_sdk::release::Release;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use zero::drop_zero_values;

/// Returns a Pod as Go writes it in this release.
///
/// # Errors
/// The patched manifest is not a Pod. The message names the field.
pub fn normalize_pod(manifest: Value, release: &Release) -> Result<Value, String> {
    let mut pod = normalize::<Pod>(manifest).map_err(|Misfit { manifest, error }| {
        let place = find_misfit(&manifest)
            .map(|path| format!("{path}: "))
            .unwrap_or_default();
        format!(
            "failed to unmarshal patched manifest: {place}{}",
            misfit::explain(&error)
        )
    })?;
    complete_containers(&mut pod, ["/spec/containers", "/spec/initContainers"]);
    if pod.get("status").is_none() {
        pod["status"] = json!({});
    }
    if release.static_pods.creation_timestamp && pod["metadata"]["creationTimestamp"].is_null() {
        pod["metadata"]["creationTimestamp"] = Value::Null;
    }
    Ok(pod)
}

/// Returns a Deployment as Go writes it.
///
/// # Errors
/// The patched document is not a Deployment.
pub fn normalize_deployment(document: Value) -> Result<Value, String> {
    let mut deployment = normalize::<Deployment>(document).map_err(|misfit| {
        let why = misfit::explain(&misfit.error);
        format!("unable to decode CoreDNS Deployment: {why}")
    })?;
    complete_containers(
        &mut deployment,
        [
            "/spec/template/spec/containers",
            "/spec/template/spec/initContainers",
        ],
    );
    Ok(deployment)
}

/// A document that is not of its type.
struct Misfit {
    manifest: Value,
    error: serde_json::Error,
}

/// Reads a document as a type of Go and writes it again.
fn normalize<T: Serialize + DeserializeOwned>(mut manifest: Value) -> Result<Value, Misfit> {
    normalize_quantities(&mut manifest, false);
    let typed = serde_json::from_value::<T>(manifest.clone());
    let written = typed.and_then(serde_json::to_value);
    let mut written = written.map_err(|error| Misfit { manifest, error })?;
    drop_zero_values(&mut written, "");
    Ok(written)
}

/// Adds what Go always writes: the resources of containers, and divisors.
fn complete_containers(object: &mut Value, lists: [&str; 2]) {
    for list in lists {
        let containers = object.pointer_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            if container.get("resources").is_none() {
                container["resources"] = json!({});
            }
            let variables = container.get_mut("env").and_then(Value::as_array_mut);
            for variable in variables.into_iter().flatten() {
                if let Some(resource) = variable.pointer_mut("/valueFrom/resourceFieldRef")
                    && resource.get("divisor").is_none()
                {
                    resource["divisor"] = "0".into();
                }
            }
        }
    }
}

/// Returns the field that makes a manifest not a Pod: `spec.containers`. Each field is tried on its
/// own.
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
            *value = quantity::to_canonical(&text).unwrap_or(text).into();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
