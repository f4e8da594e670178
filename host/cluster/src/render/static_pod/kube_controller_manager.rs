//! The static Pod of kube-controller-manager.
use super::{
    Component, certificate_file, environment, probe, probe::Probes, volume, volume::Mount,
};
use crate::render::{KUBERNETES_DIRECTORY, command_line, images, join_path, last_flag_value};
use kubephase_sdk::kubeadm::Config;
use serde_json::{Value, json};

const KUBECONFIG: &str = "controller-manager.conf";

/// Returns the manifest of kube-controller-manager.
pub fn kube_controller_manager(config: &Config) -> Value {
    let component = &config.cluster.controller_manager;
    let mut mounts = volume::certificates(config);
    mounts.push(Mount::kubeconfig(KUBECONFIG));
    if let Some(default) = config.cluster.release().static_pods.flexvolume_directory {
        let directory = last_flag_value(&component.extra_args, "flex-volume-plugin-dir");
        let directory = directory.unwrap_or(default);
        mounts.push(Mount::directory("flexvolume-dir", directory, false));
    }
    Component {
        name: "kube-controller-manager",
        image: images::kubernetes(config, "kube-controller-manager"),
        arguments: command_line(flags(config), &component.extra_args),
        environment: environment::merge_variables(&[
            &config.run.proxy_environment,
            &component.extra_envs,
        ]),
        annotations: Vec::new(),
        requests: json!({ "cpu": "200m" }),
        probes: Probes {
            host: probe::bind_address_to_probe(&component.extra_args),
            scheme: "HTTPS",
            liveness: "/healthz",
            readiness: None,
            startup: "/healthz",
            startup_failures: probe::startup_failures(config),
        },
        port: 10257,
        mounts: volume::merge_mounts(mounts, &component.extra_volumes),
    }
    .pod(config.cluster.release())
}

fn flags(config: &Config) -> Vec<(&'static str, String)> {
    let cluster = &config.cluster;
    let kubeconfig = join_path(KUBERNETES_DIRECTORY, KUBECONFIG);
    let mut flags = vec![
        ("authentication-kubeconfig", kubeconfig.clone()),
        ("authorization-kubeconfig", kubeconfig.clone()),
        ("bind-address", "127.0.0.1".into()),
        ("client-ca-file", certificate_file(config, "ca.crt")),
        ("cluster-signing-cert-file", signing_file(config, "ca.crt")),
        ("cluster-signing-key-file", signing_file(config, "ca.key")),
        ("controllers", "*,bootstrapsigner,tokencleaner".into()),
        ("kubeconfig", kubeconfig),
        ("leader-elect", "true".into()),
        (
            "requestheader-client-ca-file",
            certificate_file(config, "front-proxy-ca.crt"),
        ),
        ("root-ca-file", certificate_file(config, "ca.crt")),
        (
            "service-account-private-key-file",
            certificate_file(config, "sa.key"),
        ),
        ("use-service-account-credentials", "true".into()),
    ];
    let networking = &cluster.networking;
    if !networking.pod_subnet.is_empty() {
        flags.push(("allocate-node-cidrs", "true".into()));
        flags.push(("cluster-cidr", networking.pod_subnet.clone()));
        if !networking.service_subnet.is_empty() {
            flags.push((
                "service-cluster-ip-range",
                networking.service_subnet.clone(),
            ));
        }
    }
    if !cluster.cluster_name.is_empty() {
        flags.push(("cluster-name", cluster.cluster_name.clone()));
    }
    flags
}

/// Returns the path of a file with which kube-controller-manager signs certificate requests. With
/// an external authority there is no key, and with an empty path the signing controller does not
/// start (kubeadm behaviour).
fn signing_file(config: &Config, name: &str) -> String {
    if config.run.external_ca {
        String::new()
    } else {
        certificate_file(config, name)
    }
}
