//! The kinds of documents that the commands read.
use super::{
    Document,
    component::{ComponentKind, Struct, kubeadm_schema as schema},
    documents::GROUP,
    phases,
};

/// A kind of kubeadm's API group, with the tables of its fields.
pub(super) struct KubeadmKind {
    pub kind: &'static str,
    /// of version v1beta4
    pub current: &'static Struct,
    /// `None` if the kind is known from v1beta4 on
    pub v1beta3: Option<&'static Struct>,
}

pub(super) static CLUSTER: KubeadmKind = KubeadmKind {
    kind: "ClusterConfiguration",
    current: &schema::CLUSTER,
    v1beta3: Some(&schema::CLUSTER_V1BETA3),
};
pub(super) static INIT: KubeadmKind = KubeadmKind {
    kind: "InitConfiguration",
    current: &schema::INIT,
    v1beta3: Some(&schema::INIT_V1BETA3),
};
pub(super) static JOIN: KubeadmKind = KubeadmKind {
    kind: "JoinConfiguration",
    current: &schema::JOIN,
    v1beta3: Some(&schema::JOIN_V1BETA3),
};
pub(super) static RESET: KubeadmKind = KubeadmKind {
    kind: "ResetConfiguration",
    current: &schema::RESET,
    v1beta3: None,
};
pub(super) static UPGRADE: KubeadmKind = KubeadmKind {
    kind: "UpgradeConfiguration",
    current: &schema::UPGRADE,
    v1beta3: None,
};
/// The kinds of kubeadm's API group.
pub(super) static KUBEADM: [&KubeadmKind; 5] = [&CLUSTER, &INIT, &JOIN, &RESET, &UPGRADE];
/// The components that have a kind of their own.
pub(super) const COMPONENTS: &[ComponentKind] = &[ComponentKind::KubeProxy, ComponentKind::Kubelet];

/// Returns the kinds that a command reads.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    let kubeadm = KUBEADM.iter().map(|document| document.kind);
    let components = COMPONENTS.iter().map(|component| component.kind());
    kubeadm.chain(components).chain([phases::KIND])
}

/// Whether some command reads this document. Old versions of kubeadm's kinds and wrong groups of
/// PhaseConfiguration count as read: their readers report them.
pub fn is_known(document: &Document) -> bool {
    let kind = document.kind.as_str();
    match document.group() {
        // Any version: `read::accepts_version` reports old ones.
        GROUP => KUBEADM.iter().any(|known| known.kind == kind),
        // Any group: `phases::read` reports a wrong apiVersion.
        _ if kind == phases::KIND => true,
        _ => COMPONENTS.iter().any(|component| {
            document.api_version == component.api_version() && kind == component.kind()
        }),
    }
}

/// Returns the kinds that a command reads, each with its API group, for a message.
pub fn known_kinds() -> String {
    let kubeadm = KUBEADM
        .iter()
        .map(|known| format!("{GROUP}/{}", known.kind));
    let components = COMPONENTS
        .iter()
        .map(|component| format!("{}/{}", component.api_version(), component.kind()));
    let own = format!("{}/{}", phases::API_VERSION, phases::KIND);
    let all: Vec<String> = kubeadm.chain(components).chain([own]).collect();
    all.join(", ")
}
