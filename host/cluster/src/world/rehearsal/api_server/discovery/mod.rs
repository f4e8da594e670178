//! Discovery: groups, versions and resources of the API.
//!
//! `openapi` has the documents that clients need to leave validation to the server.
mod openapi;

use crate::world::api::resources::{RESOURCES, Resource};
use kubephase_sdk::release::Release;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Verbs of every resource.
const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// Returns the answer to a path of discovery; `None` for any other path.
pub fn answer_discovery(path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["version"] => Some(version()),
        ["api"] => Some(
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ),
        ["apis"] => Some(group_list()),
        ["api", "v1"] => Some(resource_list("", "v1")),
        ["apis", name] => groups()
            .iter()
            .find(|(group, _)| group == name)
            .map(|(name, version)| group(name, version)),
        ["apis", name, version] => has_group(name, version).then(|| resource_list(name, version)),
        ["openapi", "v3"] => Some(openapi::index()),
        ["openapi", "v3", "api", "v1"] => Some(openapi::document("", "v1")),
        ["openapi", "v3", "apis", name, version] => {
            has_group(name, version).then(|| openapi::document(name, version))
        }
        _ => None,
    }
}

/// Returns the version of Kubernetes that the server reports.
fn version() -> Value {
    let release = Release::newest();
    json!({
        "major": "1",
        "minor": release.minor.to_string(),
        "gitVersion": release.kubeadm,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none", "compiler": "rustc", "platform": "linux/amd64",
    })
}

/// Returns all groups except the core group, with their versions.
fn groups() -> BTreeSet<(&'static str, &'static str)> {
    let reviews = [
        ("authentication.k8s.io", "v1"),
        ("authorization.k8s.io", "v1"),
    ];
    RESOURCES
        .iter()
        .map(|resource| (resource.group, resource.version))
        .filter(|(group, _)| !group.is_empty())
        .chain(reviews)
        .collect()
}

fn has_group(name: &str, version: &str) -> bool {
    groups().contains(&(name, version))
}

fn group_list() -> Value {
    let groups: Vec<Value> = groups()
        .iter()
        .map(|(name, version)| group(name, version))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn group(name: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": [version],
        "preferredVersion": version,
    })
}

/// Lists the known resources of a group and version.
fn resources_of(group: &str, version: &str) -> impl Iterator<Item = &'static Resource> {
    RESOURCES
        .iter()
        .filter(move |resource| resource.group == group && resource.version == version)
}

fn resource_list(group: &str, version: &str) -> Value {
    let mut list: Vec<Value> = resources_of(group, version)
        .flat_map(|resource| [resource_entry(resource), status_entry(resource)])
        .collect();
    match group {
        "authentication.k8s.io" => list.push(review_entry("SelfSubjectReview")),
        "authorization.k8s.io" => list.push(review_entry("SelfSubjectAccessReview")),
        _ => {}
    }
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": list,
    })
}

fn resource_entry(resource: &Resource) -> Value {
    let mut entry = json!({
        "name": resource.plural,
        "singularName": resource.kind.to_lowercase(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": VERBS, "shortNames": resource.short_names,
    });
    if resource.in_get_all {
        entry["categories"] = json!(["all"]);
    }
    entry
}

fn status_entry(resource: &Resource) -> Value {
    json!({
        "name": format!("{}/status", resource.plural),
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": ["get", "patch", "update"],
    })
}

/// Returns the entry of a review, whose objects can only be created.
fn review_entry(kind: &str) -> Value {
    let name = kind.to_lowercase();
    json!({
        "name": format!("{name}s"),
        "singularName": name,
        "namespaced": false,
        "kind": kind,
        "verbs": ["create"],
    })
}
