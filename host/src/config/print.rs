//! `config print`: the default documents, with kubeadm's placeholders for detected values.
use super::{
    Problem, Problems,
    component::{self, ComponentKind},
    defaults,
    join::{JoinConfiguration, TokenDiscovery},
    load, own_release,
    reset::ResetConfiguration,
    write,
};
use crate::secret::Secret;
use kubephase_sdk::yaml;
use serde_json::json;

/// The token of kubeadm's documentation.
const TOKEN: &str = "abcdef.0123456789abcdef";

/// Returns the default documents of `init`, and those of the named components.
///
/// # Errors
/// A kind is not a component's.
pub fn init_defaults(component_configs: &[String]) -> Result<String, Problems> {
    let (mut init, mut cluster) = load::init_and_cluster();
    init.bootstrap_tokens[0].token = TOKEN.into();
    init.node_registration.name = "node".into();
    init.node_registration.cri_socket = defaults::CRI_SOCKET.into();
    init.local_api_endpoint.advertise_address = "1.2.3.4".into();
    cluster.kubernetes_version = own_release().first_version();
    let mut documents = vec![
        write::with_type(json!(init), "InitConfiguration"),
        write::with_type(json!(cluster), "ClusterConfiguration"),
    ];
    for kind in component_configs {
        let config = match kind.as_str() {
            "KubeletConfiguration" => component::kubelet(None, &init, &cluster).0,
            "KubeProxyConfiguration" => component::kube_proxy(None, &init, &cluster).0,
            _ => {
                let known = [
                    ComponentKind::KubeProxy.kind(),
                    ComponentKind::Kubelet.kind(),
                ]
                .join(" ");
                return Err(Problem::new(
                    "--component-configs",
                    format!("--component-configs needs to contain some of [{known}]"),
                )
                .into());
            }
        };
        documents.push(config.document);
    }
    Ok(write::join_documents(&documents))
}

/// Returns the default document of `join` for a node of a name.
pub fn join_defaults(node_name: &str) -> String {
    let mut join = JoinConfiguration {
        ca_cert_path: format!("{}/ca.crt", defaults::CERTIFICATES_DIR),
        ..JoinConfiguration::default()
    };
    join.discovery.tls_bootstrap_token = Secret::new(TOKEN.to_owned());
    join.discovery.bootstrap_token = Some(TokenDiscovery {
        token: Secret::new(TOKEN.to_owned()),
        api_server_endpoint: "kube-apiserver:6443".into(),
        unsafe_skip_ca_verification: true,
        ..TokenDiscovery::default()
    });
    join.node_registration.name = node_name.into();
    join.node_registration.cri_socket = defaults::CRI_SOCKET.into();
    defaults::complete_registration(&mut join.node_registration);
    defaults::complete_timeouts(&mut join.timeouts);
    yaml::to_string(&write::join(&join))
}

/// Returns the default document of `reset`.
pub fn reset_defaults() -> String {
    let mut reset = ResetConfiguration {
        certificates_dir: defaults::CERTIFICATES_DIR.into(),
        cri_socket: defaults::CRI_SOCKET.into(),
        ..ResetConfiguration::default()
    };
    defaults::complete_timeouts(&mut reset.timeouts);
    yaml::to_string(&write::reset(&reset))
}

/// Returns the default document of `upgrade`.
pub fn upgrade_defaults() -> String {
    yaml::to_string(&write::upgrade(&json!({})))
}
