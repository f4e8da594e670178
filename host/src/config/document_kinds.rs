//! The kinds of documents that the commands read.
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

/// Whether some command reads this document. Old versions of kubeadm's kinds and wrong groups of
/// PhaseConfiguration count as read: their readers report them.
pub fn is_known(document: &Document) -> bool {
    let kind = document.kind.as_str();
    match document.group() {
        // Any version: `read::accepts_version` reports old ones.
        GROUP => KUBEADM.contains(&kind),
        // Any group: `phases::read` reports a wrong apiVersion.
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
