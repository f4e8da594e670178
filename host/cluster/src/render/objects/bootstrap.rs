//! The objects that let a machine with a bootstrap token join the cluster.
use super::{
    BOOTSTRAP_GROUP, NODES_GROUP, PUBLIC,
    access::{Subject, binding, config_map, read_access, role},
};
use crate::render::kubeconfig;
use kubephase_sdk::release::Release;
use serde_json::Value;

/// The ConfigMap by which machines that join find the cluster.
const CLUSTER_INFO: &str = "cluster-info";

/// Returns the ClusterRole and the ClusterRoleBindings that a join needs. A machine with a
/// bootstrap token may read Nodes and request a certificate, which is approved automatically. Nodes
/// may renew their certificates. The API server may use the API of the kubelets.
pub fn bootstrap_access() -> Vec<Value> {
    let joining = [Subject::Group(BOOTSTRAP_GROUP)];
    vec![
        role("ClusterRole", "kubeadm:get-nodes", "nodes"),
        bind("kubeadm:get-nodes", "kubeadm:get-nodes", &joining),
        bind(
            "kubeadm:kubelet-bootstrap",
            "system:node-bootstrapper",
            &joining,
        ),
        bind(
            "kubeadm:node-autoapprove-bootstrap",
            "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
            &joining,
        ),
        bind(
            "kubeadm:node-autoapprove-certificate-rotation",
            "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
            &[Subject::Group(NODES_GROUP)],
        ),
        bind(
            "kubeadm:apiserver-kubelet-client",
            "system:kubelet-api-admin",
            &[Subject::User("kube-apiserver-kubelet-client")],
        ),
    ]
}

/// Binds subjects to a ClusterRole.
fn bind(name: &str, role: &str, subjects: &[Subject]) -> Value {
    binding("ClusterRole", name, role, subjects)
}

/// Returns the ConfigMap `cluster-info` as kubeadm of `release` writes it, and the Role and
/// RoleBinding by which a client without credentials may read it. `authority_pem` is the
/// certificate of the cluster's CA.
pub fn cluster_info(server: &str, authority_pem: &str, release: &Release) -> Vec<Value> {
    let mut objects = vec![config_map(
        PUBLIC,
        CLUSTER_INFO,
        "kubeconfig",
        kubeconfig::cluster_info(server, authority_pem, release.kubeconfig_preferences),
    )];
    objects.extend(cluster_info_access());
    objects
}

/// Returns the Role and RoleBinding by which a client without credentials may read the ConfigMap
/// `cluster-info`.
pub fn cluster_info_access() -> Vec<Value> {
    let anonymous = [Subject::User("system:anonymous")];
    read_access(
        PUBLIC,
        "kubeadm:bootstrap-signer-clusterinfo",
        "configmaps",
        CLUSTER_INFO,
        &anonymous,
    )
    .into()
}
