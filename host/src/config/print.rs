//! `config print init-defaults`: the default documents, with kubeadm's placeholders for detected
//! values.
use super::{
    Problem, Problems,
    component::{self, ComponentKind},
    defaults, load, version,
};
use kubephase_sdk::yaml;
use serde_json::{Value, json};

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
    // The first release of the minor version, without its v.
    cluster.kubernetes_version = version::CURRENT
        .trim_start_matches('v')
        .rsplit_once('.')
        .map(|(minor, _)| format!("{minor}.0"))
        .unwrap_or_default();
    let mut documents = vec![
        typed(json!(init), "InitConfiguration"),
        typed(json!(cluster), "ClusterConfiguration"),
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
    Ok(documents
        .iter()
        .map(yaml::to_string)
        .collect::<Vec<_>>()
        .join("---\n"))
}

fn typed(mut document: Value, kind: &str) -> Value {
    document["apiVersion"] = "kubeadm.k8s.io/v1beta4".into();
    document["kind"] = kind.into();
    document
}
