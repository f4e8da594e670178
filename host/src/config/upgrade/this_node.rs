//! The facts about a node that are in its own files: its name, and the address of its API server.
use crate::{
    config::{
        Config,
        defaults::{BIND_PORT, KUBECONFIG_DIR},
        reset::socket_of_kubelet,
    },
    pki::Certificate,
    render::static_pod::{self, ENDPOINT_ANNOTATION, manifest_path},
    text::yaml,
    world::{
        Files, WorldResult,
        text_file::{read_kubeconfig, read_text},
    },
};
use kubephase_sdk::{
    kubeadm::ApiEndpoint, net::parse_endpoint, release::upgrade::version_of_image,
};

const NODE_USER: &str = "system:node:";

/// Whether the node has an API server, and so is a member of the control plane (kubeadm
/// behaviour).
///
/// # Errors
/// The host cannot find out whether the manifest exists.
pub fn is_control_plane(files: &dyn Files) -> WorldResult<bool> {
    Ok(files.stat(&api_server_manifest())?.is_some())
}

/// Sets what the files of this node say about it: its name, the socket of its container runtime,
/// and the address and the version of its API server. A file that cannot be read changes nothing.
pub fn describe_this_node(config: &mut Config, files: &dyn Files) {
    let registration = &mut config.init.node_registration;
    if let Ok(Some(name)) = node_name(files) {
        registration.name = name;
    }
    if let Some(socket) = socket_of_kubelet(files) {
        registration.cri_socket = socket;
    }
    if let Ok(Some(endpoint)) = api_endpoint(files) {
        config.init.local_api_endpoint = endpoint;
    }
    let manifest = read_text(files, &api_server_manifest()).ok().flatten();
    let pod = manifest.and_then(|text| yaml::value(&text).ok());
    let version = pod
        .as_ref()
        .and_then(|pod| version_of_image(static_pod::image(pod, "kube-apiserver")?));
    if let Some(version) = version {
        config.cluster.kubernetes_version = format!("v{version}");
    }
}

fn api_server_manifest() -> String {
    manifest_path("kube-apiserver")
}

/// Returns the node name of the kubelet; `None` if the kubeconfig of the kubelet does not have it.
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
