//! OpenAPI documents. They only say that every object can be patched, and that the server validates
//! fields itself.
use super::{groups, resources_of};
use kubephase_sdk::release::Release;
use serde_json::{Map, Value, json};

/// Returns the index of all documents.
pub(super) fn index() -> Value {
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

/// Returns the document of a group and version.
pub(super) fn document(group: &str, version: &str) -> Value {
    let mut paths = Map::new();
    for resource in resources_of(group, version) {
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
        "info": {"title": "Kubernetes", "version": Release::newest().kubeadm},
        "paths": paths,
        "components": {"schemas": {}},
    })
}
