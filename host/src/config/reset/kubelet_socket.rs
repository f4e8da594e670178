//! The socket of the container runtime that the node's kubelet uses.
use crate::{render::KUBELET_DIR, text::yaml, world::Files};

/// Returns the socket that kubeadm wrote into the kubelet's instance configuration or into its
/// flags; `None` if neither file names a socket.
pub fn socket_of_kubelet(files: &dyn Files) -> Option<String> {
    socket_of_instance_config(files)
        .filter(|socket| !socket.is_empty())
        .or_else(|| socket_of_flags(files).filter(|socket| !socket.is_empty()))
}

fn socket_of_instance_config(files: &dyn Files) -> Option<String> {
    let text = read_text(files, "instance-config.yaml")?;
    let instance = yaml::value(&text).ok()?;
    let socket = instance["containerRuntimeEndpoint"].as_str()?;
    Some(socket.to_owned())
}

fn socket_of_flags(files: &dyn Files) -> Option<String> {
    let flags = read_text(files, "kubeadm-flags.env")?;
    let (_, value) = flags.split_once("--container-runtime-endpoint=")?;
    let mut parts = value.split(|end: char| end.is_whitespace() || end == '"');
    parts.next().map(str::to_owned)
}

fn read_text(files: &dyn Files, name: &str) -> Option<String> {
    let bytes = files.read(&format!("{KUBELET_DIR}/{name}")).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
