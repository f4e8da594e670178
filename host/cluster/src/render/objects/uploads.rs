//! The configuration that the cluster stores, and the access to it.
use super::{
    BOOTSTRAP_GROUP, NODES_GROUP, SYSTEM,
    access::{Subject, config_map, read_access},
};
use crate::render::kubelet;
use kubephase_sdk::{component_hash, kubeadm::Config, yaml};
use serde_json::{Value, json};

/// The annotation of a configuration that no user wrote. An upgrade may replace a configuration
/// that has it.
pub const HASH_ANNOTATION: &str = "kubeadm.kubernetes.io/component-config.hash";

/// Returns the ClusterConfiguration as a document.
pub fn cluster_document<S>(config: &Config<S>) -> Value {
    let mut document = json!(config.cluster);
    document["apiVersion"] = "kubeadm.k8s.io/v1beta4".into();
    document["kind"] = "ClusterConfiguration".into();
    document
}

/// Returns the ConfigMap `kubeadm-config`, and the access to it.
pub fn kubeadm_config(config: &Config) -> Vec<Value> {
    let mut cluster = cluster_document(config);
    if let Some(version) = &config.run.ci_kubernetes_version {
        cluster["kubernetesVersion"] = version.as_str().into();
    }
    let name = "kubeadm-config";
    let mut objects = vec![config_map(
        SYSTEM,
        name,
        "ClusterConfiguration",
        yaml::to_string(&cluster),
    )];
    let readers = [Subject::Group(BOOTSTRAP_GROUP), Subject::Group(NODES_GROUP)];
    objects.extend(read_access(
        SYSTEM,
        "kubeadm:nodes-kubeadm-config",
        "configmaps",
        name,
        &readers,
    ));
    objects
}

/// Returns the ConfigMap `kubephase-config`, and the access to it. It has the configuration that
/// kubeadm does not know, for nodes that join or are upgraded.
pub fn phase_config(phases: &Value) -> Vec<Value> {
    let name = "kubephase-config";
    let mut objects = vec![config_map(
        SYSTEM,
        name,
        "PhaseConfiguration",
        yaml::to_string(phases),
    )];
    let readers = [Subject::Group(BOOTSTRAP_GROUP), Subject::Group(NODES_GROUP)];
    objects.extend(read_access(
        SYSTEM,
        "kubephase:nodes-kubephase-config",
        "configmaps",
        name,
        &readers,
    ));
    objects
}

/// Returns the ConfigMap `kubelet-config`, and the access to it. A configuration that no user wrote
/// has a hash as an annotation, so that an upgrade may replace it.
pub fn kubelet_config(config: &Config) -> Vec<Value> {
    let name = "kubelet-config";
    let document = if config.cluster.release().kubelet.shares_resolver {
        kubelet::document(config).0
    } else {
        config.kubelet.document.clone()
    };
    let content = yaml::to_string(&document);
    let hash = component_hash(&[("kubelet".to_string(), content.clone())].into());
    let mut map = config_map(SYSTEM, name, "kubelet", content);
    if !config.kubelet.user_supplied {
        map["metadata"]["annotations"][HASH_ANNOTATION] = hash.into();
    }
    let mut objects = vec![map];
    let readers = [Subject::Group(NODES_GROUP), Subject::Group(BOOTSTRAP_GROUP)];
    objects.extend(read_access(
        SYSTEM,
        "kubeadm:kubelet-config",
        "configmaps",
        name,
        &readers,
    ));
    objects
}

/// Returns the access to the Secret `kubeadm-certs`.
pub fn certificates_access() -> Vec<Value> {
    read_access(
        SYSTEM,
        "kubeadm:kubeadm-certs",
        "secrets",
        "kubeadm-certs",
        &[Subject::Group(BOOTSTRAP_GROUP)],
    )
    .into()
}
