//! The options of a run that are derived from the rest of the configuration and from the node.
use crate::{
    config::{Config, defaults},
    render,
    world::node::facts::NodeFacts,
};
use kubephase_sdk::{kubeadm::EnvVar, node::is_proxy};

/// Sets the options of a run of this workflow.
pub(in crate::config) fn run_options(config: &mut Config, node: &NodeFacts, workflow: &str) {
    let control_plane_url = render::kubeconfig::control_plane_url(config)
        .map(|(url, _)| url)
        .unwrap_or_default();
    let run = &mut config.run;
    run.control_plane_url = control_plane_url;
    run.workflow = workflow.into();
    run.kubeconfig_dir = defaults::KUBECONFIG_DIR.into();
    run.kubeconfig = defaults::ADMIN_KUBECONFIG.into();
    run.os_hostname.clone_from(&node.hostname);
    run.systemd_resolved = node.systemd_resolved_active;
    run.ca_directories.clone_from(&node.ca_directories);
    let proxies = node
        .environment
        .iter()
        .filter(|(name, value)| is_proxy(name) && !value.is_empty());
    run.proxy_environment = proxies
        .map(|(name, value)| EnvVar {
            name: name.clone(),
            value: value.clone(),
            value_from: None,
        })
        .collect();
    run.dns_service_address = defaults::dns_address(&config.cluster).unwrap_or_default();
    let images = [
        ("coredns", render::images::coredns(&config.cluster)),
        (
            "kube-proxy",
            render::images::kubernetes(config, "kube-proxy"),
        ),
    ];
    config.run.images = images.map(|(name, image)| (name.to_owned(), image)).into();
}

/// Disables addons whose phase is skipped by name, so that the uploaded configuration says so.
pub(in crate::config) fn disable_skipped_addons(config: &mut Config) {
    for phase in &config.init.skip_phases {
        config.cluster.dns.disabled |= matches!(phase.as_str(), "addon" | "addon/coredns");
        config.cluster.proxy.disabled |= matches!(phase.as_str(), "addon" | "addon/kube-proxy");
    }
}
