//! kube-proxy, as kubeadm 1.36 installs it: ConfigMap, DaemonSet, ServiceAccount and what it may
//! do.
use kubephase_sdk::{
    Failure, Outcome, Phase, PhaseInfo, component_hash, config, effects, effects_cluster, yaml,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SYSTEM: &str = "kube-system";
const NAME: &str = "kube-proxy";
const RBAC: &str = "rbac.authorization.k8s.io";

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
        .chain(access());
        let mut last = None;
        for object in objects {
            last = Some(effects_cluster::apply_object(&object.to_string())?);
        }
        if let Some(last) = last {
            effects::announce(last, "[addons] Applied essential addon: kube-proxy")?;
        }
        Ok(Outcome::Settled)
    }
}

kubephase_sdk::export!(KubeProxy);

fn config_map(document: &Value, user_supplied: bool, server: &str) -> Value {
    // Both files end without a newline, as kubeadm's do.
    let data: BTreeMap<String, String> = [
        (
            "config.conf".to_owned(),
            yaml::to_string(document).trim_end().to_owned(),
        ),
        ("kubeconfig.conf".to_owned(), kubeconfig(server)),
    ]
    .into();
    let mut object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": SYSTEM, "labels": {"app": NAME}},
    });
    if !user_supplied {
        // What nobody changed by hand may be made anew by an upgrade.
        object["metadata"]["annotations"] =
            json!({"kubeadm.kubernetes.io/component-config.hash": component_hash(&data)});
    }
    object["data"] = json!(data);
    object
}

fn kubeconfig(server: &str) -> String {
    let secrets = "/var/run/secrets/kubernetes.io/serviceaccount";
    format!(
        "apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: {secrets}/ca.crt
    server: {server}
  name: default
contexts:
- context:
    cluster: default
    namespace: default
    user: default
  name: default
current-context: default
users:
- name: default
  user:
    tokenFile: {secrets}/token"
    )
}

fn daemon_set(image: &str, mut proxies: Vec<Value>) -> Value {
    let labels = json!({"k8s-app": NAME});
    let mut environment = vec![
        json!({"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}),
    ];
    proxies.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    environment.extend(proxies);
    let mount = |name: &str, path: &str| json!({"name": name, "mountPath": path});
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": SYSTEM, "labels": labels},
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
                            mount(NAME, "/var/lib/kube-proxy"),
                            mount("xtables-lock", "/run/xtables.lock"),
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

fn service_account() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": NAME, "namespace": SYSTEM},
    })
}

/// kube-proxy may do what a proxy does; nodes that join may read its configuration.
fn access() -> [Value; 3] {
    [
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "kubeadm:node-proxier"},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "system:node-proxier"},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": SYSTEM}],
        }),
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "Role",
            "metadata": {"name": NAME, "namespace": SYSTEM},
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
            "metadata": {"name": NAME, "namespace": SYSTEM},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": NAME},
            "subjects": [{
                "kind": "Group",
                "name": "system:bootstrappers:kubeadm:default-node-token",
            }],
        }),
    ]
}
