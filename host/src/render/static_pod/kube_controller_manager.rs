//! kube-controller-manager.
use super::{Component, environment, probe, probe::Probes, volume, volume::Mount};
use crate::render::{KUBERNETES_DIRECTORY, command_line, images, join};
use kubephase_sdk::kubeadm::Config;
use serde_json::{Value, json};

const KUBECONFIG: &str = "controller-manager.conf";

/// The manifest of kube-controller-manager.
pub fn kube_controller_manager(config: &Config) -> Value {
    let component = &config.cluster.controller_manager;
    let mut mounts = volume::certificates(config);
    mounts.push(Mount::kubeconfig(KUBECONFIG));
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
            host: probe::bind_address(&component.extra_args),
            scheme: "HTTPS",
            liveness: "/healthz",
            readiness: None,
            startup: "/healthz",
            startup_failures: probe::startup_failures(config),
        },
        port: 10257,
        mounts: volume::with_extra(mounts, &component.extra_volumes),
    }
    .pod()
}

fn flags(config: &Config) -> Vec<(&'static str, String)> {
    let cluster = &config.cluster;
    let file = |name: &str| join(&cluster.certificates_dir, name);
    // Without the key there is nothing to sign with; empty names keep the signing controller from
    // starting.
    let signing = |name: &str| {
        if config.run.external_ca {
            String::new()
        } else {
            file(name)
        }
    };
    let kubeconfig = join(KUBERNETES_DIRECTORY, KUBECONFIG);
    let mut flags = vec![
        ("authentication-kubeconfig", kubeconfig.clone()),
        ("authorization-kubeconfig", kubeconfig.clone()),
        ("bind-address", "127.0.0.1".into()),
        ("client-ca-file", file("ca.crt")),
        ("cluster-signing-cert-file", signing("ca.crt")),
        ("cluster-signing-key-file", signing("ca.key")),
        ("controllers", "*,bootstrapsigner,tokencleaner".into()),
        ("kubeconfig", kubeconfig),
        ("leader-elect", "true".into()),
        ("requestheader-client-ca-file", file("front-proxy-ca.crt")),
        ("root-ca-file", file("ca.crt")),
        ("service-account-private-key-file", file("sa.key")),
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
