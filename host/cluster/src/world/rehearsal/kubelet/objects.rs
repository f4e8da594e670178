//! The manifests of the objects that a rehearsed kubelet writes: its Node, and a mirror Pod for
//! each static Pod.
use super::static_pods::name_of;
use crate::world::node::facts::NodeFacts;
use serde_json::{Value, json};

/// Returns a Node that is not ready, because its network is not set up yet.
pub fn node(name: &str, facts: &NodeFacts) -> Value {
    let addresses: Vec<Value> = facts
        .addresses
        .iter()
        .map(|address| json!({"type": "InternalIP", "address": address}))
        .chain([json!({"type": "Hostname", "address": name})])
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/os": "linux",
            "kubernetes.io/hostname": name,
        }},
        "spec": {},
        "status": {
            "addresses": addresses,
            "capacity": {
                "cpu": facts.cpus.to_string(),
                "memory": format!("{}Mi", facts.memory_mib),
                "pods": "110",
            },
            "conditions": conditions(),
            "nodeInfo": {
                "kernelVersion": facts.kernel_release,
                "osImage": "rehearsal",
                "operatingSystem": "linux",
                "architecture": "amd64",
                "containerRuntimeVersion": format!(
                    "{}://{}",
                    facts.runtime.name,
                    facts.runtime.version,
                ),
                "kubeletVersion": facts.kubelet_version.as_deref().unwrap_or_default(),
            },
        },
    })
}

fn conditions() -> [Value; 4] {
    [
        false_condition(
            "MemoryPressure",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        false_condition(
            "DiskPressure",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure",
        ),
        false_condition(
            "PIDPressure",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available",
        ),
        false_condition(
            "Ready",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false \
             reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not \
             initialized",
        ),
    ]
}

fn false_condition(kind: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": kind,
        "status": "False",
        "reason": reason,
        "message": message,
    })
}

/// Returns the mirror Pod by which the API shows a static Pod of a node. `works` is false if its
/// containers end as soon as they start.
pub fn mirror_pod(pod: &Value, node: &str, works: bool) -> Value {
    let mut mirror = pod.clone();
    let name = format!("{}-{node}", name_of(pod));
    let statuses: Vec<Value> = pod["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| {
            json!({
                "name": container["name"],
                "image": container["image"],
                "ready": works,
                "restartCount": 0,
                "state": if works {
                    json!({"running": {}})
                } else {
                    json!({"waiting": {"reason": "CrashLoopBackOff"}})
                },
            })
        })
        .collect();
    mirror["metadata"]["name"] = name.into();
    let hash = &crate::text::digest::sha256_hex(pod.to_string().as_bytes())[..32];
    // These annotations mark a mirror Pod, which `kubectl drain` leaves alone.
    for (name, value) in [("source", "file"), ("hash", hash), ("mirror", hash)] {
        mirror["metadata"]["annotations"][format!("kubernetes.io/config.{name}")] = value.into();
    }
    mirror["spec"]["nodeName"] = node.into();
    mirror["status"] = json!({"phase": "Running", "containerStatuses": statuses});
    mirror
}
