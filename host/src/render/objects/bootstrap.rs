//! What lets a node with a bootstrap token become a node.
use super::{
    BOOTSTRAP_GROUP, NODES_GROUP, PUBLIC,
    access::{Subject, binding, config_map, read_access, role},
};
use crate::render::kubeconfig;
use serde_json::Value;

/// Role and bindings for nodes that join, the approver of their certificates, and the API server's
/// kubelet client.
pub fn bootstrap_access() -> Vec<Value> {
    let joining = [Subject::Group(BOOTSTRAP_GROUP)];
    let approver =
        |client: &str| format!("system:certificates.k8s.io:certificatesigningrequests:{client}");
    let cluster =
        |name: &str, role: &str, subjects: &[Subject]| binding("ClusterRole", name, role, subjects);
    vec![
        role("ClusterRole", "kubeadm:get-nodes", "nodes"),
        cluster("kubeadm:get-nodes", "kubeadm:get-nodes", &joining),
        cluster(
            "kubeadm:kubelet-bootstrap",
            "system:node-bootstrapper",
            &joining,
        ),
        cluster(
            "kubeadm:node-autoapprove-bootstrap",
            &approver("nodeclient"),
            &joining,
        ),
        cluster(
            "kubeadm:node-autoapprove-certificate-rotation",
            &approver("selfnodeclient"),
            &[Subject::Group(NODES_GROUP)],
        ),
        cluster(
            "kubeadm:apiserver-kubelet-client",
            "system:kubelet-api-admin",
            &[Subject::User("kube-apiserver-kubelet-client")],
        ),
    ]
}

/// ConfigMap `cluster-info`, which anyone may read.
pub fn cluster_info(server: &str, authority_pem: &str) -> Vec<Value> {
    let name = "cluster-info";
    let mut objects = vec![config_map(
        PUBLIC,
        name,
        "kubeconfig",
        kubeconfig::cluster_info(server, authority_pem),
    )];
    let anyone = [Subject::User("system:anonymous")];
    objects.extend(read_access(
        PUBLIC,
        "kubeadm:bootstrap-signer-clusterinfo",
        "configmaps",
        name,
        &anyone,
    ));
    objects
}
