//! The kubelet's configuration, as kubeadm completes it.
use super::{ComponentKind, Draft};
use crate::{
    config::defaults::dns_address,
    render::{MANIFESTS, join_path},
};
use kubephase_sdk::{
    kubeadm::{ClusterConfiguration, ComponentConfig, InitConfiguration},
    release::Setting,
};
use serde_json::{Value, json};

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
    let dns = dns_address(cluster).unwrap_or_else(|| FALLBACK_DNS.to_owned());
    draft.default("staticPodPath", MANIFESTS);
    draft.default("clusterDNS", json!([dns]));
    if !cluster.networking.dns_domain.is_empty() {
        draft.default("clusterDomain", cluster.networking.dns_domain.as_str());
    }
    draft.default(
        "authentication.x509.clientCAFile",
        join_path(&cluster.certificates_dir, "ca.crt"),
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
