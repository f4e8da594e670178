//! The API objects of init, without those of the addons. Each group is in the order in which
//! kubeadm writes it.

mod access;
mod bootstrap;
mod node;
mod token;
mod uploads;

pub use access::cluster_admin_binding;
pub use bootstrap::{bootstrap_access, cluster_info, cluster_info_access};
pub use node::{
    CONTROL_PLANE_LABELS, ExchangeAnnotations, authority_patch, exchange_annotations, node_patch,
    socket_patch,
};
pub use token::{TOKEN_TYPE, TokenSecret, parse_token_secret, token_reference, token_secret};
pub use uploads::{
    HASH_ANNOTATION, certificates_access, cluster_document, kubeadm_config, kubelet_config,
    phase_config,
};

/// The group of nodes that join with a bootstrap token.
pub const BOOTSTRAP_GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";
const NODES_GROUP: &str = "system:nodes";
const SYSTEM: &str = "kube-system";
const PUBLIC: &str = "kube-public";
