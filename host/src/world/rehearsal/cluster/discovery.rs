//! What there is: groups, versions, resources, and as much of OpenAPI as clients need to trust the
//! server with validation.
use crate::world::api::resources::{RESOURCES, Resource};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

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

/// The answer to a path of discovery; none for any other path.
pub fn answer(path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["version"] => Some(version()),
        ["api"] => Some(
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ),
        ["apis"] => Some(json!({
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": groups().iter().map(
                |(name, version)| group(name, version),
            ).collect::<Vec<_>>(),
        })),
        ["api", "v1"] => Some(resources("", "v1")),
        ["apis", name] => groups()
            .iter()
            .find(|(group, _)| group == name)
            .map(|(name, version)| group(name, version)),
        ["apis", name, version] => groups()
            .contains(&(name, version))
            .then(|| resources(name, version)),
        ["openapi", "v3"] => Some(index()),
        ["openapi", "v3", "api", "v1"] => Some(open_api("", "v1")),
        ["openapi", "v3", "apis", name, version] => groups()
            .contains(&(name, version))
            .then(|| open_api(name, version)),
        _ => None,
    }
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "gitVersion": "v1.36.2",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none", "compiler": "rustc", "platform": "linux/amd64",
    })
}

fn groups() -> BTreeSet<(&'static str, &'static str)> {
    let own = [
        ("authentication.k8s.io", "v1"),
        ("authorization.k8s.io", "v1"),
    ];
    RESOURCES
        .iter()
        .map(|resource| (resource.group, resource.version))
        .filter(|(group, _)| !group.is_empty())
        .chain(own)
        .collect()
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

fn of(group: &str, version: &str) -> impl Iterator<Item = &'static Resource> {
    RESOURCES
        .iter()
        .filter(move |resource| resource.group == group && resource.version == version)
}

fn resources(group: &str, version: &str) -> Value {
    let mut list: Vec<Value> = Vec::new();
    for resource in of(group, version) {
        let mut entry = json!({
            "name": resource.plural,
            "singularName": resource.kind.to_lowercase(),
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": VERBS, "shortNames": resource.short,
        });
        if resource.all {
            entry["categories"] = json!(["all"]);
        }
        list.push(entry);
        list.push(json!({
            "name": format!("{}/status", resource.plural),
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": ["get", "patch", "update"],
        }));
    }
    let review = |name: &str, kind: &str| {
        json!({
            "name": name,
            "singularName": kind.to_lowercase(),
            "namespaced": false,
            "kind": kind,
            "verbs": ["create"],
        })
    };
    match group {
        "authentication.k8s.io" => list.push(review("selfsubjectreviews", "SelfSubjectReview")),
        "authorization.k8s.io" => list.push(review(
            "selfsubjectaccessreviews",
            "SelfSubjectAccessReview",
        )),
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

fn index() -> Value {
    let mut paths = Map::new();
    paths.insert(
        "api/v1".into(),
        json!({"serverRelativeURL": "/openapi/v3/api/v1"}),
    );
    for (group, version) in groups() {
        paths.insert(
            format!("apis/{group}/{version}"),
            json!({"serverRelativeURL": format!("/openapi/v3/apis/{group}/{version}")}),
        );
    }
    json!({"paths": paths})
}

/// Just that every object can be patched, and that the server validates fields itself.
fn open_api(group: &str, version: &str) -> Value {
    let mut paths = Map::new();
    for resource in of(group, version) {
        let gvk = json!({"group": group, "version": version, "kind": resource.kind});
        let operation = json!({
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": gvk,
            "parameters": [{"name": "fieldValidation", "in": "query"}],
        });
        paths.insert(resource.path_template(), json!({"patch": operation}));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": paths,
        "components": {"schemas": {}},
    })
}
