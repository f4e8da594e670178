//! Admission: an object that is to be stored is checked, and missing fields are filled in.
//!
//! `services` has the addresses of Services.
mod services;

use super::{
    status::{ApiError, ApiResult},
    store::{Store, core_resource},
};
use crate::world::api::resources::Resource;
use data_encoding::BASE64;
use kubephase_sdk::net::{Network, is_subdomain};
use serde_json::{Value, json};
use services::complete_service;

/// Checks and completes an object that is to be stored in a namespace. `service_range` has the
/// addresses of Services.
///
/// # Errors
/// `BadRequest`, `Invalid` or `NotFound`. The message is in kube-apiserver's words.
pub fn admit(
    store: &Store,
    resource: &'static Resource,
    namespace: &str,
    object: &mut Value,
    service_range: Option<Network>,
) -> ApiResult<()> {
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if object["kind"] != resource.kind || object["apiVersion"] != resource.api_version().as_str() {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized: it is not a {} of {}",
            resource.kind,
            resource.api_version()
        )));
    }
    if !is_name(resource, &name) {
        let why = if name.is_empty() {
            "metadata.name: Required value: name or generateName is required".to_owned()
        } else {
            format!("metadata.name: Invalid value: {name:?}: not a valid name")
        };
        return Err(ApiError::invalid(resource, &name, &why));
    }
    if resource.namespaced {
        admit_namespace(store, namespace, object)?;
    } else if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    match (resource.group, resource.plural) {
        ("", "secrets") => complete_secret(object),
        ("", "services") => complete_service(store, object, service_range)?,
        ("", "namespaces") => complete_namespace(object, &name),
        ("rbac.authorization.k8s.io", _) => complete_subjects(object),
        _ => {}
    }
    Ok(())
}

/// Checks the namespace of an object, and fills it in.
fn admit_namespace(store: &Store, namespace: &str, object: &mut Value) -> ApiResult<()> {
    let own = object["metadata"]["namespace"]
        .as_str()
        .unwrap_or(namespace);
    if own != namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let namespaces = core_resource("namespaces");
    if store.get(namespaces, "", namespace).is_none() {
        return Err(ApiError::not_found(namespaces, namespace));
    }
    object["metadata"]["namespace"] = namespace.into();
    Ok(())
}

/// Whether a resource may have an object of this name. Names of RBAC objects may have any
/// characters except path separators; other names are DNS subdomains.
fn is_name(resource: &Resource, name: &str) -> bool {
    if resource.group == "rbac.authorization.k8s.io" {
        return !name.is_empty() && !matches!(name, "." | "..") && !name.contains(['/', '%']);
    }
    // kubeadm accepts any node name that is given by flag. Its Node and mirror Pods are admitted,
    // so that the rehearsal can go on; the kubelet stand-in notes that a real API server refuses
    // them.
    let is_lenient = resource.group.is_empty() && matches!(resource.plural, "nodes" | "pods");
    if is_lenient {
        is_subdomain(&name.to_ascii_lowercase().replace('_', "-"))
    } else {
        is_subdomain(name)
    }
}

fn complete_secret(object: &mut Value) {
    if let Some(texts) = object
        .as_object_mut()
        .and_then(|object| object.remove("stringData"))
    {
        for (key, text) in texts.as_object().into_iter().flatten() {
            object["data"][key] = BASE64
                .encode(text.as_str().unwrap_or_default().as_bytes())
                .into();
        }
    }
    if object["type"].as_str().unwrap_or_default().is_empty() {
        object["type"] = "Opaque".into();
    }
}

fn complete_namespace(object: &mut Value, name: &str) {
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
    object["spec"] = json!({"finalizers": ["kubernetes"]});
    object["status"] = json!({"phase": "Active"});
}

fn complete_subjects(object: &mut Value) {
    for subject in object["subjects"].as_array_mut().into_iter().flatten() {
        if matches!(subject["kind"].as_str(), Some("User" | "Group"))
            && subject["apiGroup"].is_null()
        {
            subject["apiGroup"] = "rbac.authorization.k8s.io".into();
        }
    }
}
