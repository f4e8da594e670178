//! What the files of a node say about it: its name, and the address of its API server.
use crate::{
    config::defaults::{BIND_PORT, KUBECONFIG_DIR},
    pki::Certificate,
    render::static_pod::{ENDPOINT_ANNOTATION, manifest_path},
    text::yaml,
    world::{
        Files, WorldResult,
        text_file::{read_kubeconfig, read_text},
    },
};
use kubephase_sdk::{kubeadm::ApiEndpoint, net::parse_endpoint};

const NODE_USER: &str = "system:node:";

/// Whether the node has an API server, and so is a member of the control plane (kubeadm
/// behaviour).
///
/// # Errors
/// The manifest cannot be looked for.
pub fn is_control_plane(files: &dyn Files) -> WorldResult<bool> {
    Ok(files.stat(&api_server_manifest())?.is_some())
}

fn api_server_manifest() -> String {
    manifest_path("kube-apiserver")
}

/// Returns the name with which the kubelet is a node; `None` if its kubeconfig does not say it.
pub(super) fn node_name(files: &dyn Files) -> WorldResult<Option<String>> {
    let path = format!("{KUBECONFIG_DIR}/kubelet.conf");
    let Some(kubeconfig) = read_kubeconfig(files, &path)? else {
        return Ok(None);
    };
    let Some((user_name, user)) = kubeconfig.user() else {
        return Ok(None);
    };
    let pem = kubeconfig.data(user, "client-certificate", &|path| files.read(path))?;
    let certificate =
        pem.and_then(|pem| Certificate::from_pem(&String::from_utf8_lossy(&pem)).ok());
    let names = certificate
        .map(|certificate| certificate.common_name())
        .into_iter()
        .chain([user_name.to_owned()]);
    let mut nodes = names.filter_map(|name| Some(name.strip_prefix(NODE_USER)?.to_owned()));
    Ok(nodes.next())
}

/// Returns the endpoint of the node's API server, which its static Pod has as an annotation.
pub(super) fn api_endpoint(files: &dyn Files) -> WorldResult<Option<ApiEndpoint>> {
    let Some(text) = read_text(files, &api_server_manifest())? else {
        return Ok(None);
    };
    let pod = yaml::value(&text).unwrap_or_default();
    let endpoint = pod["metadata"]["annotations"][ENDPOINT_ANNOTATION].as_str();
    let endpoint = endpoint.and_then(|endpoint| parse_endpoint(endpoint).ok());
    Ok(endpoint.map(|(host, port)| ApiEndpoint {
        advertise_address: host.to_owned(),
        bind_port: port.and_then(|port| port.parse().ok()).unwrap_or(BIND_PORT),
    }))
}
