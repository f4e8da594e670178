//! The controllers of DaemonSets and Deployments. Nothing runs their Pods: as soon as a workload
//! changes, all its Pods are new, and none is ready.
use crate::world::{
    api::resources::{Resource, find_by_kind},
    rehearsal::api_server::store::{Store, core_resource},
};
use serde_json::{Value, json};

/// Sets the status of workloads that changed.
pub(super) fn roll_out(store: &mut Store) {
    let nodes = store.list(core_resource("nodes"), "").count();
    for kind in ["DaemonSet", "Deployment"] {
        let Some(resource) = find_by_kind("apps/v1", kind) else {
            continue;
        };
        let changed: Vec<Value> = store
            .list(resource, "")
            .filter(|workload| is_due(workload, nodes))
            .cloned()
            .collect();
        for workload in changed {
            set_status(store, resource, workload, nodes);
        }
    }
}

/// Whether the controller has not seen the workload yet, or a node was added or removed.
fn is_due(workload: &Value, nodes: usize) -> bool {
    let status = &workload["status"];
    let is_new = status["observedGeneration"] != workload["metadata"]["generation"];
    is_new || workload["kind"] == "DaemonSet" && status["desiredNumberScheduled"] != nodes
}

fn set_status(store: &mut Store, resource: &'static Resource, mut workload: Value, nodes: usize) {
    let generation = workload["metadata"]["generation"].clone();
    workload["status"] = if workload["kind"] == "DaemonSet" {
        json!({
            "observedGeneration": generation,
            "currentNumberScheduled": nodes,
            "desiredNumberScheduled": nodes,
            "updatedNumberScheduled": nodes,
            "numberMisscheduled": 0,
            "numberReady": 0,
            "numberUnavailable": nodes,
        })
    } else {
        let replicas = workload["spec"]["replicas"].as_u64().unwrap_or(1);
        json!({
            "observedGeneration": generation,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "unavailableReplicas": replicas,
        })
    };
    // The object was read from the store, so it can be updated.
    let _ = store.update(resource, workload);
}
