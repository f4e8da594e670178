//! kube-proxy's configuration, as kubeadm completes it.
use super::{ComponentKind, Draft};
use kubephase_sdk::{
    kubeadm::{ClusterConfiguration, ComponentConfig, InitConfiguration},
    net::parse_address,
};
use serde_json::Value;
use std::net::IpAddr;

/// Returns the document of the cluster's kube-proxies, and kubeadm's warnings about settings that
/// differ from its recommendations.
pub fn kube_proxy<S>(
    user: Option<Value>,
    init: &InitConfiguration<S>,
    cluster: &ClusterConfiguration,
) -> (ComponentConfig, Vec<String>) {
    let mut draft = Draft::new(ComponentKind::KubeProxy, user);
    let any_address = match parse_address(&init.local_api_endpoint.advertise_address) {
        Some(IpAddr::V6(_)) => "::",
        _ => "0.0.0.0",
    };
    draft.default("bindAddress", any_address);
    if !cluster.networking.pod_subnet.is_empty() {
        draft.default("clusterCIDR", cluster.networking.pod_subnet.as_str());
    }
    draft.default(
        "clientConnection.kubeconfig",
        "/var/lib/kube-proxy/kubeconfig.conf",
    );
    draft.finish()
}
