//! The documents that some command reads.
use super::{Document, component::ComponentKind, documents::GROUP, phases};

/// The kinds of kubeadm's API group.
const KUBEADM: &[&str] = &[
    "ClusterConfiguration",
    "InitConfiguration",
    "JoinConfiguration",
    "ResetConfiguration",
    "UpgradeConfiguration",
];
const COMPONENTS: &[ComponentKind] = &[ComponentKind::KubeProxy, ComponentKind::Kubelet];

/// Whether a command reads documents of this kind and API group, in some version.
pub fn is_known(document: &Document) -> bool {
    let kind = document.kind.as_str();
    match document.group() {
        // `accepts_version` reports old versions.
        GROUP => KUBEADM.contains(&kind),
        // Its reader reports other groups.
        _ if kind == phases::KIND => true,
        _ => COMPONENTS.iter().any(|component| {
            document.api_version == component.api_version() && kind == component.kind()
        }),
    }
}

/// Returns the kinds that a command reads, each with its API group, for a message.
pub fn known_kinds() -> String {
    let kubeadm = KUBEADM.iter().map(|kind| format!("{GROUP}/{kind}"));
    let components = COMPONENTS
        .iter()
        .map(|component| format!("{}/{}", component.api_version(), component.kind()));
    let own = format!("{}/{}", phases::API_VERSION, phases::KIND);
    let all: Vec<String> = kubeadm.chain(components).chain([own]).collect();
    all.join(", ")
}
