//! The static Pod of kube-scheduler.
use super::{Component, environment, probe, probe::Probes, volume, volume::Mount};
use crate::render::{KUBERNETES_DIRECTORY, command_line, images, join_path};
use kubephase_sdk::kubeadm::Config;
use serde_json::{Value, json};

const KUBECONFIG: &str = "scheduler.conf";

/// Returns the manifest of kube-scheduler.
pub fn kube_scheduler(config: &Config) -> Value {
    let component = &config.cluster.scheduler;
    let kubeconfig = join_path(KUBERNETES_DIRECTORY, KUBECONFIG);
    let flags = [
        ("authentication-kubeconfig", kubeconfig.as_str()),
        ("authorization-kubeconfig", &kubeconfig),
        ("bind-address", "127.0.0.1"),
        ("kubeconfig", &kubeconfig),
        ("leader-elect", "true"),
    ];
    Component {
        name: "kube-scheduler",
        image: images::kubernetes(config, "kube-scheduler"),
        arguments: command_line(flags, &component.extra_args),
        environment: environment::merge_variables(&[
            &config.run.proxy_environment,
            &component.extra_envs,
        ]),
        annotations: Vec::new(),
        requests: json!({ "cpu": "100m" }),
        probes: Probes {
            host: probe::bind_address_to_probe(&component.extra_args),
            scheme: "HTTPS",
            liveness: "/livez",
            readiness: Some("/readyz"),
            startup: "/livez",
            startup_failures: probe::startup_failures(config),
        },
        port: 10259,
        mounts: volume::merge_mounts(
            vec![Mount::kubeconfig(KUBECONFIG)],
            &component.extra_volumes,
        ),
    }
    .pod(config.cluster.release())
}
