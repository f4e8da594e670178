//! The ConfigMap of kube-proxy.
use crate::{NAME, NAMESPACE};
use kubephase_sdk::{component_hash, yaml};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Returns the ConfigMap with the configuration and the kubeconfig of kube-proxy.
pub fn config_map(document: &Value, user_supplied: bool, server: &str) -> Value {
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
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"app": NAME}},
    });
    if !user_supplied {
        // The hash lets an upgrade see that no user changed the configuration, and replace it.
        object["metadata"]["annotations"] =
            json!({"kubeadm.kubernetes.io/component-config.hash": component_hash(&data)});
    }
    object["data"] = json!(data);
    object
}

/// Returns the kubeconfig, which uses the token of the ServiceAccount.
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
