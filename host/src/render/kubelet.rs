//! The kubelet's files: configuration, instance configuration, flags.
use super::{command_line, last_argument, patches, patches::Patches};
use crate::config::component::recommended;
use kubephase_sdk::{
    kubeadm::{Config, Taint},
    yaml,
};
use serde_json::{Value, json};

/// Where the kubelet's files lie.
pub const DIRECTORY: &str = "/var/lib/kubelet";
const SYSTEMD_RESOLVER: &str = "/run/systemd/resolve/resolv.conf";

/// The socket of the container runtime is kept on the node and not in the cluster: on, unless turned off.
pub fn node_local_cri_socket(config: &Config) -> bool {
    config.cluster.feature_gates.get("NodeLocalCRISocket").copied().unwrap_or(true)
}

/// The name the kubelet registers by: its flag, the configuration, the host's name.
pub fn node_name(config: &Config) -> &str {
    let registration = &config.init.node_registration;
    let configured = if registration.name.is_empty() { &config.run.os_hostname } else { &registration.name };
    last_argument(&registration.kubelet_extra_args, "hostname-override").unwrap_or(configured)
}

/// `kubeadm-flags.env`; a worker that joins registers with its taints.
pub fn flags_env(config: &Config, register_with_taints: bool) -> String {
    let registration = &config.init.node_registration;
    let mut flags = Vec::new();
    if !node_local_cri_socket(config) && !registration.cri_socket.is_empty() {
        flags.push(("container-runtime-endpoint", registration.cri_socket.clone()));
    }
    let taints = registration.taints.as_deref().unwrap_or_default();
    if register_with_taints && !taints.is_empty() {
        flags.push(("register-with-taints", taints.iter().map(taint).collect::<Vec<_>>().join(",")));
    }
    let name = node_name(config);
    if name != config.run.os_hostname {
        flags.push(("hostname-override", name.into()));
    }
    format!("KUBELET_KUBEADM_ARGS={}\n", go_quoted(&command_line(flags, &registration.kubelet_extra_args).join(" ")))
}

/// `key=value:Effect`, without what is empty.
pub fn taint(taint: &Taint) -> String {
    let Taint { key, value, effect, .. } = taint;
    match (value.as_str(), effect.as_str()) {
        ("", "") => key.clone(),
        ("", _) => format!("{key}:{effect}"),
        (_, "") => format!("{key}={value}:"),
        _ => format!("{key}={value}:{effect}"),
    }
}

/// `instance-config.yaml`; none where the gate is off.
pub fn instance_config(config: &Config) -> Option<String> {
    let socket = go_quoted(&config.init.node_registration.cri_socket);
    node_local_cri_socket(config).then(|| format!("containerRuntimeEndpoint: {socket}\n"))
}

/// A string as Go's `%q` prints it.
fn go_quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The configuration for the cluster's kubelets with this node's resolver, and a warning where the user wants another.
/// In the cluster it is stored like this; the node's own file goes through [`config_file`].
pub fn document(config: &Config) -> (Value, Option<String>) {
    let mut document = config.kubelet.document.clone();
    if !config.run.systemd_resolved {
        return (document, None);
    }
    match document.get("resolvConf").filter(|given| !given.is_null()) {
        None => {
            document["resolvConf"] = SYSTEMD_RESOLVER.into();
            (document, None)
        }
        Some(given) => {
            let warning = recommended("KubeletConfiguration", "resolvConf", &SYSTEMD_RESOLVER.into(), given);
            (document, warning)
        }
    }
}

/// `config.yaml`: the cluster's configuration, the user's patches, the instance configuration on top;
/// with the messages of the patches.
///
/// # Errors
/// A patch that does not apply.
pub fn config_file(config: &Config, users: Option<&Patches>) -> Result<(String, Vec<String>), String> {
    let (mut document, _) = document(config);
    let mut messages = Vec::new();
    if let Some(users) = users {
        let fail = |error| format!("could not apply patches to the KubeletConfiguration: {error}");
        (document, messages) = users.apply(patches::KUBELET, document).map_err(fail)?;
    }
    if node_local_cri_socket(config) {
        let instance = json!({ "containerRuntimeEndpoint": config.init.node_registration.cri_socket });
        document = patches::strategic_merge("KubeletConfiguration", &document, &instance)?;
        messages.push(patches::applied(patches::Kind::Strategic, patches::KUBELET));
    }
    Ok((yaml::to_string(&document), messages))
}
