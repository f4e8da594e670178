//! The kubelet's configuration, as kubeadm completes it.
use super::{ComponentKind, Draft};
use crate::render::{MANIFESTS, addresses::service_address, join};
use kubephase_sdk::{
    kubeadm::{ClusterConfiguration, ComponentConfig, InitConfiguration},
    release::Setting,
};
use serde_json::{Value, json};

/// Index of the address of the DNS Service in the subnet of Services.
const DNS_INDEX: u128 = 10;
/// Address of the DNS Service if the subnet of Services is not valid.
const FALLBACK_DNS: &str = "10.96.0.10";

/// Returns the document of the cluster's kubelets, and kubeadm's warnings about settings that
/// differ from its recommendations. The document lacks the socket of the container runtime and the
/// node's resolver: see `render::kubelet`.
pub fn kubelet<S>(
    user: Option<Value>,
    _init: &InitConfiguration<S>,
    cluster: &ClusterConfiguration,
) -> (ComponentConfig, Vec<String>) {
    let mut draft = Draft::new(ComponentKind::Kubelet, user);
    let dns = service_address(&cluster.networking.service_subnet, DNS_INDEX)
        .map_or_else(|_| FALLBACK_DNS.into(), |ip| ip.to_string());
    draft.default("staticPodPath", MANIFESTS);
    draft.default("clusterDNS", json!([dns]));
    if !cluster.networking.dns_domain.is_empty() {
        draft.default("clusterDomain", cluster.networking.dns_domain.as_str());
    }
    draft.default(
        "authentication.x509.clientCAFile",
        join(&cluster.certificates_dir, "ca.crt"),
    );
    for (path, setting) in cluster.release().kubelet.defaults {
        match *setting {
            Setting::Text(text) => draft.default(path, text),
            Setting::Switch(switch) => draft.default(path, switch),
            Setting::Number(number) => draft.default(path, number),
        }
    }
    draft.set("rotateCertificates", true.into());
    if draft.document["cgroupDriver"]
        .as_str()
        .unwrap_or_default()
        .is_empty()
    {
        draft.set("cgroupDriver", "systemd".into());
    }
    draft.finish()
}
