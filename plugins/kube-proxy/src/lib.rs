//! kube-proxy, as kubeadm installs it: ConfigMap, DaemonSet, ServiceAccount, and the roles
//! that they need.

mod access;
mod configuration;

use crate::{
    access::{access_objects, service_account},
    configuration::config_map,
};
use kubephase_sdk::{Failure, Outcome, Phase, PhaseInfo, cluster, config, effects};
use serde_json::{Value, json};

pub const NAMESPACE: &str = "kube-system";

pub const NAME: &str = "kube-proxy";

/// The plugin.
pub struct KubeProxy;

impl Phase for KubeProxy {
    fn describe() -> PhaseInfo {
        PhaseInfo {
            name: NAME.into(),
            summary: "Installs kube-proxy on every node".into(),
            annotations: Vec::new(),
        }
    }

    fn run() -> Result<Outcome, Failure> {
        let document: Value = config("/kubeProxy/document")?;
        let user_supplied: bool = config("/kubeProxy/userSupplied")?;
        let image: String = config("/run/images/kube-proxy")?;
        let server: String = config("/run/controlPlaneUrl")?;
        let proxies: Vec<Value> = config("/run/proxyEnvironment")?;
        let objects = [
            config_map(&document, user_supplied, &server),
            daemon_set(&image, proxies),
            service_account(),
        ]
        .into_iter()
        .chain(access_objects());
        let mut last = None;
        for object in objects {
            last = Some(cluster::apply_object(&object)?);
        }
        if let Some(last) = last {
            effects::announce(last, "[addons] Applied essential addon: kube-proxy")?;
        }
        Ok(Outcome::Settled)
    }
}

kubephase_sdk::export!(KubeProxy);

fn daemon_set(image: &str, mut proxies: Vec<Value>) -> Value {
    let labels = json!({"k8s-app": NAME});
    let mut environment = vec![
        json!({"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}),
    ];
    proxies.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    environment.extend(proxies);
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate"},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "priorityClassName": "system-node-critical",
                    "containers": [{
                        "name": NAME,
                        "image": image,
                        "imagePullPolicy": "IfNotPresent",
                        "command": [
                            "/usr/local/bin/kube-proxy",
                            "--config=/var/lib/kube-proxy/config.conf",
                            "--hostname-override=$(NODE_NAME)",
                        ],
                        "securityContext": {"privileged": true},
                        "volumeMounts": [
                            {"name": NAME, "mountPath": "/var/lib/kube-proxy"},
                            {"name": "xtables-lock", "mountPath": "/run/xtables.lock"},
                            {"name": "lib-modules", "mountPath": "/lib/modules", "readOnly": true},
                        ],
                        "env": environment,
                    }],
                    "hostNetwork": true,
                    "serviceAccountName": NAME,
                    "volumes": [
                        {"name": NAME, "configMap": {"name": NAME}},
                        {
                            "name": "xtables-lock",
                            "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"},
                        },
                        {"name": "lib-modules", "hostPath": {"path": "/lib/modules"}},
                    ],
                    "tolerations": [{"operator": "Exists"}],
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                },
            },
        },
    })
}
