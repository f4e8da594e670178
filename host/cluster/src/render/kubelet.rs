//! The kubelet's files: configuration, instance configuration, flags.
use super::{command_line, images, last_flag_value, patches, recommendation_warning};
use kubephase_sdk::{
    kubeadm::{Config, Taint},
    release::gate,
    yaml,
};
use serde_json::{Value, json};

/// The variable of `kubeadm-flags.env`, which the kubelet's unit passes on.
const FLAGS_VARIABLE: &str = "KUBELET_KUBEADM_ARGS";
const SYSTEMD_RESOLVER: &str = "/run/systemd/resolve/resolv.conf";

/// The annotation of a Node with the socket of its container runtime.
pub const SOCKET_ANNOTATION: &str = "kubeadm.alpha.kubernetes.io/cri-socket";

/// Whether the socket of the container runtime is stored on the node and not in the cluster.
pub fn node_local_cri_socket(config: &Config) -> bool {
    config.cluster.is_enabled(gate::LOCAL_SOCKET)
}

/// Whether the Node has the socket of its container runtime in an annotation.
pub fn annotates_socket(config: &Config) -> bool {
    config.cluster.release().kubelet.annotates_socket && !node_local_cri_socket(config)
}

/// Returns the name with which the kubelet registers: that of its flag, or of the configuration, or
/// of the host.
pub fn node_name(config: &Config) -> &str {
    let registration = &config.init.node_registration;
    let configured = if registration.name.is_empty() {
        &config.run.os_hostname
    } else {
        &registration.name
    };
    last_flag_value(&registration.kubelet_extra_args, "hostname-override").unwrap_or(configured)
}

/// Returns `kubeadm-flags.env`. A worker that joins registers with its taints.
pub fn flags_env(config: &Config, register_with_taints: bool) -> String {
    let registration = &config.init.node_registration;
    let mut flags = Vec::new();
    if !node_local_cri_socket(config) && !registration.cri_socket.is_empty() {
        flags.push((
            "container-runtime-endpoint",
            registration.cri_socket.clone(),
        ));
    }
    let taints = registration.taints.as_deref().unwrap_or_default();
    if register_with_taints && !taints.is_empty() {
        flags.push((
            "register-with-taints",
            taints.iter().map(taint).collect::<Vec<_>>().join(","),
        ));
    }
    let name = node_name(config);
    // The kubelet takes the name of the machine in small letters, too.
    if name != config.run.os_hostname.trim().to_lowercase() {
        flags.push(("hostname-override", name.into()));
    }
    if config.cluster.release().kubelet.pause_image_flag {
        flags.push((PAUSE_IMAGE_FLAG, images::pause(&config.cluster)));
    }
    format!(
        "{FLAGS_VARIABLE}={}\n",
        go_quoted(&command_line(flags, &registration.kubelet_extra_args).join(" "))
    )
}

/// The flags that kubeadm itself writes, up to [`PAUSE_IMAGE_FLAG`]. They describe this node; all
/// other flags are the user's.
const FLAGS_OF_NODE: [&str; 3] = [
    "container-runtime-endpoint",
    "hostname-override",
    "register-with-taints",
];
/// The flag that kubeadm writes up to 1.34, and that a kubelet of 1.35 and later does not know
/// (kubeadm 1.35 removes it after an upgrade).
pub const PAUSE_IMAGE_FLAG: &str = "pod-infra-container-image";

/// Returns the content of a `kubeadm-flags.env` in which `kubeletExtraArgs` of the configuration
/// replace the user's flags. The flags that kubeadm itself wrote stay, except one that a kubelet of
/// this version does not know.
pub fn flags_env_with(current: &str, config: &Config) -> String {
    let extra = &config.init.node_registration.kubelet_extra_args;
    let knows_pause_image = config.cluster.release().kubelet.pause_image_flag;
    let (name, quoted) = current.split_once('=').unwrap_or((FLAGS_VARIABLE, ""));
    let quoted = quoted.trim();
    let unquoted: Option<String> = serde_json::from_str(quoted).ok();
    let line = unquoted.unwrap_or_else(|| quoted.trim_matches('"').to_owned());
    let own = line.split_whitespace().filter_map(|word| {
        let (flag, value) = word.strip_prefix("--")?.split_once('=')?;
        let is_known =
            FLAGS_OF_NODE.contains(&flag) || (flag == PAUSE_IMAGE_FLAG && knows_pause_image);
        is_known.then_some((flag, value))
    });
    format!(
        "{name}={}\n",
        go_quoted(&command_line(own, extra).join(" "))
    )
}

/// Returns `key=value:Effect`, without the parts that are empty.
pub fn taint(taint: &Taint) -> String {
    let Taint {
        key, value, effect, ..
    } = taint;
    match (value.as_str(), effect.as_str()) {
        ("", "") => key.clone(),
        ("", _) => format!("{key}:{effect}"),
        (_, "") => format!("{key}={value}:"),
        _ => format!("{key}={value}:{effect}"),
    }
}

/// Returns `instance-config.yaml`; `None` if `NodeLocalCRISocket` is off.
pub fn instance_config(config: &Config) -> Option<String> {
    let socket = go_quoted(&config.init.node_registration.cri_socket);
    node_local_cri_socket(config).then(|| format!("containerRuntimeEndpoint: {socket}\n"))
}

/// Returns a text as Go's `%q` prints it.
fn go_quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Returns the configuration of the cluster's kubelets with this node's resolver, and a warning if
/// the user's configuration names another resolver. The cluster stores this document; the node's
/// own file is made by [`node_config`].
pub fn document<S>(config: &Config<S>) -> (Value, Option<String>) {
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
            let warning = recommendation_warning(
                "KubeletConfiguration",
                "resolvConf",
                &SYSTEMD_RESOLVER.into(),
                given,
            );
            (document, warning)
        }
    }
}

/// Returns `config.yaml`: the configuration with patches, merged with the instance configuration.
/// Also returns the message about that merge.
///
/// # Errors
/// The configuration cannot be patched.
pub fn node_config(
    config: &Config,
    mut document: Value,
) -> Result<(String, Option<String>), String> {
    let mut message = None;
    if node_local_cri_socket(config) {
        let instance =
            json!({ "containerRuntimeEndpoint": config.init.node_registration.cri_socket });
        document = patches::strategic_merge("KubeletConfiguration", document, instance)?;
        message = Some(patches::applied_message(
            patches::PatchKind::Strategic,
            patches::KUBELET,
        ));
    }
    Ok((yaml::to_string(&document), message))
}

/// Returns the URL of the kubelet's health endpoint; `None` if the configuration turns it off.
pub fn health_url(config: &Config) -> Option<String> {
    let document = &config.kubelet.document;
    let address = document["healthzBindAddress"]
        .as_str()
        .filter(|address| !address.is_empty())
        .unwrap_or("127.0.0.1");
    let port = document["healthzPort"].as_u64().unwrap_or(10248);
    (port != 0).then(|| format!("http://{}/healthz", super::host_port(address, port)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubephase_sdk::kubeadm::Arg;

    fn config_with(version: &str, extra: &[Arg]) -> Config {
        let mut config = Config::default();
        config.cluster.kubernetes_version = version.to_owned();
        config.init.node_registration.kubelet_extra_args = extra.to_vec();
        config
    }

    #[test]
    fn other_flags_of_the_user_replace_only_those_of_the_user() {
        let current = "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock \
                       --hostname-override=a --node-ip=192.0.2.7 --v=2\"\n";
        let extra = [("v", "4"), ("hostname-override", "b")].map(|(name, value)| Arg {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        assert_eq!(
            flags_env_with(current, &config_with("v1.36.2", &extra)),
            "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock --v=4 \
             --hostname-override=b\"\n"
        );
        assert_eq!(
            flags_env_with(current, &config_with("v1.36.2", &[])),
            "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock \
             --hostname-override=a\"\n"
        );
        assert_eq!(
            flags_env_with("", &config_with("v1.36.2", &[])),
            "KUBELET_KUBEADM_ARGS=\"\"\n"
        );
    }

    #[test]
    fn flags_that_stay_leave_the_file_as_it_is() {
        for current in [
            "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock\"\n",
            "KUBELET_KUBEADM_ARGS=\"\"\n",
        ] {
            assert_eq!(
                flags_env_with(current, &config_with("v1.36.2", &[])),
                current
            );
        }
    }

    #[test]
    fn a_flag_that_the_kubelet_does_not_know_does_not_stay() {
        let current = "KUBELET_KUBEADM_ARGS=\"--pod-infra-container-image=r.example/pause:3.10\"\n";
        let of = |version| flags_env_with(current, &config_with(version, &[]));
        assert_eq!(of("v1.34.2"), current);
        assert_eq!(of("v1.35.0"), "KUBELET_KUBEADM_ARGS=\"\"\n");
    }
}
