//! What a kubelet tells the API of itself.
use crate::world::node::facts::NodeFacts;
use serde_json::{Value, json};

/// A Node that nobody has made ready yet.
pub fn node(name: &str, facts: &NodeFacts) -> Value {
    let addresses: Vec<Value> = facts
        .addresses
        .iter()
        .map(|address| json!({"type": "InternalIP", "address": address}))
        .chain([json!({"type": "Hostname", "address": name})])
        .collect();
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
        })
    };
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
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has \
                    sufficient memory available"),
                condition(
                    "DiskPressure",
                    "False",
                    "KubeletHasNoDiskPressure",
                    "kubelet has no disk pressure",
                ),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has \
                    sufficient PID available"),
                condition("Ready", "False", "KubeletNotReady", "container runtime network not \
                    ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin \
                    returns error: cni plugin not initialized"),
            ],
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

/// The Pod as the API shows it.
pub fn mirror(pod: &Value, node: &str) -> Value {
    let mut mirror = pod.clone();
    let name = format!(
        "{}-{node}",
        pod["metadata"]["name"].as_str().unwrap_or_default()
    );
    let statuses: Vec<Value> = pod["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| {
            json!({
                "name": container["name"],
                "image": container["image"],
                "ready": true,
                "restartCount": 0,
                "state": {"running": {}},
            })
        })
        .collect();
    mirror["metadata"]["name"] = name.into();
    let hash = &crate::text::digest::sha256_hex(pod.to_string().as_bytes())[..32];
    // By these clients know it for a mirror, which `kubectl drain` passes over.
    for (name, value) in [("source", "file"), ("hash", hash), ("mirror", hash)] {
        mirror["metadata"]["annotations"][format!("kubernetes.io/config.{name}")] = value.into();
    }
    mirror["spec"]["nodeName"] = node.into();
    mirror["status"] = json!({"phase": "Running", "containerStatuses": statuses});
    mirror
}
