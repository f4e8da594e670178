//! The Pod network, which a new cluster lacks: a bridge on every node, for the Pod subnet of the
//! cluster's configuration. A DaemonSet writes the CNI configuration to each node.
use kubephase_sdk::prelude::*;
use serde_json::{Value, json};

addon!(apply_objects);

const NAME: &str = "bridge-cni";

fn apply_objects() -> Result<(), Failure> {
    let settings: Value = settings()?;
    let subnet: String = config("/cluster/networking/podSubnet").unwrap_or_default();
    if subnet.is_empty() {
        let failure = failure(
            "invalid",
            "networking.podSubnet is empty: the bridge has no addresses to give",
        );
        return Err(Failure {
            remedy: Some("set networking.podSubnet in the ClusterConfiguration".into()),
            ..failure
        });
    }
    let meta = json!({"name": NAME, "namespace": "kube-system"});
    let objects = [
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"10-bridge.conflist": network(&subnet).to_string()},
        }),
        json!({
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": meta,
            "spec": {
                "selector": {"matchLabels": {"k8s-app": NAME}},
                "template": {
                    "metadata": {"labels": {"k8s-app": NAME}},
                    "spec": pod(&settings["image"]),
                },
            },
        }),
    ];
    for object in objects {
        cluster::apply_object(&object)?;
    }
    Ok(())
}

/// Returns the CNI configuration of a bridge for a subnet.
fn network(subnet: &str) -> Value {
    json!({
        "cniVersion": "1.0.0",
        "name": NAME,
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": true,
                "ipMasq": true,
                "ipam": {"type": "host-local", "ranges": [[{"subnet": subnet}]]},
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    })
}

/// Returns the Pod that writes the CNI configuration to its node.
fn pod(image: &Value) -> Value {
    let install = json!({
        "name": "install",
        "image": image,
        "command": ["cp", "/config/10-bridge.conflist", "/etc/cni/net.d/"],
        "volumeMounts": [
            {"name": "config", "mountPath": "/config"},
            {"name": "cni", "mountPath": "/etc/cni/net.d"},
        ],
    });
    json!({
        "hostNetwork": true,
        "priorityClassName": "system-node-critical",
        "tolerations": [{"operator": "Exists"}],
        "initContainers": [install],
        "containers": [{
            "name": "stay",
            "image": image,
            "command": ["sleep", "infinity"],
        }],
        "volumes": [
            {"name": "config", "configMap": {"name": NAME}},
            {"name": "cni", "hostPath": {"path": "/etc/cni/net.d", "type": "DirectoryOrCreate"}},
        ],
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_has_the_expected_result() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
