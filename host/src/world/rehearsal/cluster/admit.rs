//! What happens to an object between the request and the store: its place is checked, what is left
//! out is filled in.
use super::{
    status::{Answer, ApiError},
    store::{Store, core},
};
use crate::{render::addresses::nth_address, world::api::resources::Resource};
use data_encoding::BASE64;
use ipnet::IpNet;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Checks and completes an object that is to be stored at `namespace`.
pub fn admit(
    store: &Store,
    resource: &'static Resource,
    namespace: &str,
    object: &mut Value,
    services: Option<IpNet>,
) -> Answer<()> {
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if object["kind"] != resource.kind || object["apiVersion"] != resource.api_version().as_str() {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized: it is no {} of {}",
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
        let given = object["metadata"]["namespace"]
            .as_str()
            .unwrap_or(namespace);
        if given != namespace {
            return Err(ApiError::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        if store.get(core("namespaces"), "", namespace).is_none() {
            return Err(ApiError::not_found(core("namespaces"), namespace));
        }
        object["metadata"]["namespace"] = namespace.into();
    } else if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    match (resource.group, resource.plural) {
        ("", "secrets") => secret(object),
        ("", "services") => service(store, object, services)?,
        ("", "namespaces") => {
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
            object["spec"] = json!({"finalizers": ["kubernetes"]});
            object["status"] = json!({"phase": "Active"});
        }
        ("rbac.authorization.k8s.io", _) => {
            for subject in object["subjects"].as_array_mut().into_iter().flatten() {
                if matches!(subject["kind"].as_str(), Some("User" | "Group"))
                    && subject["apiGroup"].is_null()
                {
                    subject["apiGroup"] = "rbac.authorization.k8s.io".into();
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Names of RBAC objects may hold anything but path separators; others are DNS subdomains.
fn is_name(resource: &Resource, name: &str) -> bool {
    if resource.group == "rbac.authorization.k8s.io" {
        return !name.is_empty() && !matches!(name, "." | "..") && !name.contains(['/', '%']);
    }
    // kubeadm takes a node's name by flag as it is; its Node and mirror Pods are let in to go on
    // with, and the kubelet's stand-in says that a real API server would not.
    let lower = name.to_ascii_lowercase().replace('_', "-");
    let name = if resource.group.is_empty() && matches!(resource.plural, "nodes" | "pods") {
        &lower
    } else {
        name
    };
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = name.bytes().next().is_some_and(inner) && name.bytes().last().is_some_and(inner);
    ends && name.len() <= 253 && name.bytes().all(|b| inner(b) || matches!(b, b'-' | b'.'))
}

fn secret(object: &mut Value) {
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

fn service(store: &Store, object: &mut Value, range: Option<IpNet>) -> Answer<()> {
    let services = core("services");
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let namespace = object["metadata"]["namespace"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
        if port["protocol"].is_null() {
            port["protocol"] = "TCP".into();
        }
        if port["targetPort"].is_null() {
            port["targetPort"] = port["port"].clone();
        }
    }
    let spec = &mut object["spec"];
    for (field, default) in [("type", "ClusterIP"), ("sessionAffinity", "None")] {
        if spec[field].is_null() {
            spec[field] = default.into();
        }
    }
    let taken: BTreeSet<&str> = store
        .list(services, "")
        .filter(|other| {
            other["metadata"]["name"] != name.as_str()
                || other["metadata"]["namespace"] != namespace.as_str()
        })
        .filter_map(|other| other["spec"]["clusterIP"].as_str())
        .collect();
    let own = store
        .get(services, &namespace, &name)
        .and_then(|service| service["spec"]["clusterIP"].as_str());
    let address = match spec["clusterIP"]
        .as_str()
        .filter(|address| !address.is_empty())
        .or(own)
    {
        Some(address) => address.to_owned(),
        // The lower part of the range is left to who asks for an address.
        None => match range {
            Some(range) => (100..100_000)
                .filter_map(|at| nth_address(range, at))
                .map(|at| at.to_string())
                .find(|at| !taken.contains(at.as_str()))
                .unwrap_or_default(),
            None => String::new(),
        },
    };
    if address != "None" && !address.is_empty() {
        let field = "spec.clusterIPs: Invalid value";
        if taken.contains(address.as_str()) {
            return Err(ApiError::invalid(
                services,
                &name,
                &format!(
                    "{field}: [{address:?}]: failed to allocate IP {address}: provided IP is \
                     already allocated"
                ),
            ));
        }
        let inside = address.parse().is_ok_and(|address: std::net::IpAddr| {
            range.is_none_or(|range| range.contains(&address))
        });
        if !inside {
            let range = range.map(|range| range.to_string()).unwrap_or_default();
            return Err(ApiError::invalid(
                services,
                &name,
                &format!(
                    "{field}: [{address:?}]: failed to allocate IP {address}: the provided IP is \
                     not in the valid range {range}"
                ),
            ));
        }
    }
    spec["clusterIPs"] = json!([address]);
    spec["clusterIP"] = address.into();
    if object["status"].is_null() {
        object["status"] = json!({"loadBalancer": {}});
    }
    Ok(())
}
