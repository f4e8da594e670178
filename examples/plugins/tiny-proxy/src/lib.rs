//! A service proxy in place of kube-proxy: a ServiceAccount that may read Services, and a Pod on
//! every node.
use kubephase_sdk::prelude::*;
use serde_json::{Value, json};

addon!(apply_objects);

const NAME: &str = "tiny-proxy";

fn apply_objects() -> Result<(), Failure> {
    let settings: Value = settings()?;
    let server: String = config("/run/controlPlaneUrl")?;
    let meta = json!({"name": NAME, "namespace": "kube-system"});
    let subject = json!({"kind": "ServiceAccount", "name": NAME, "namespace": "kube-system"});
    let container = json!({
        "name": NAME,
        "image": settings["image"],
        "args": [format!("--server={server}")],
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
    });
    let objects = [
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "system:node-proxier",
            },
            "subjects": [subject],
        }),
        json!({
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": meta,
            "spec": {
                "selector": {"matchLabels": {"k8s-app": NAME}},
                "template": {
                    "metadata": {"labels": {"k8s-app": NAME}},
                    "spec": {
                        "serviceAccountName": NAME,
                        "hostNetwork": true,
                        "priorityClassName": "system-node-critical",
                        "tolerations": [{"operator": "Exists"}],
                        "containers": [container],
                    },
                },
            },
        }),
    ];
    for object in objects {
        cluster::apply_object(&object)?;
    }
    say(format!("Applied {NAME} in place of kube-proxy"));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_has_the_expected_result() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
