//! The ServiceAccount of kube-proxy, and the rights of this account and of joining nodes.
use crate::{NAME, NAMESPACE};
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

pub fn service_account() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
    })
}

/// Returns the objects that let kube-proxy work, and joining nodes read its configuration.
pub fn access_objects() -> [Value; 3] {
    [
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "kubeadm:node-proxier"},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "system:node-proxier"},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
        }),
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "Role",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "rules": [{
                "apiGroups": [""],
                "resources": ["configmaps"],
                "resourceNames": [NAME],
                "verbs": ["get"],
            }],
        }),
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "RoleBinding",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": NAME},
            "subjects": [{
                "kind": "Group",
                "name": "system:bootstrappers:kubeadm:default-node-token",
            }],
        }),
    ]
}
