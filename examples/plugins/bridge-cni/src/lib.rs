//! A network for Pods: the place that a new cluster leaves empty. A bridge on every node, its
//! configuration put there by a DaemonSet, for the Pod network of the cluster's own configuration.
use kubephase_sdk::prelude::*;
use serde_json::{Value, json};

addon!(apply);

const NAME: &str = "bridge-cni";

fn apply() -> Tried<()> {
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
    let network = json!({
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
    });
    let meta = json!({"name": NAME, "namespace": "kube-system"});
    let install = json!({
        "name": "install",
        "image": settings["image"],
        "command": ["cp", "/config/10-bridge.conflist", "/etc/cni/net.d/"],
        "volumeMounts": [
            {"name": "config", "mountPath": "/config"},
            {"name": "cni", "mountPath": "/etc/cni/net.d"},
        ],
    });
    let pod = json!({
        "hostNetwork": true,
        "priorityClassName": "system-node-critical",
        "tolerations": [{"operator": "Exists"}],
        "initContainers": [install],
        "containers": [{
            "name": "stay",
            "image": settings["image"],
            "command": ["sleep", "infinity"],
        }],
        "volumes": [
            {"name": "config", "configMap": {"name": NAME}},
            {"name": "cni", "hostPath": {"path": "/etc/cni/net.d", "type": "DirectoryOrCreate"}},
        ],
    });
    let objects = [
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"10-bridge.conflist": network.to_string()},
        }),
        json!({
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": meta,
            "spec": {
                "selector": {"matchLabels": {"k8s-app": NAME}},
                "template": {"metadata": {"labels": {"k8s-app": NAME}}, "spec": pod},
            },
        }),
    ];
    for object in objects {
        effects_cluster::apply_object(&object.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_comes_out_as_expected() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
