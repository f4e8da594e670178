//! The things that `reset` removes.
use serde::{Deserialize, Serialize};

/// Something that `reset` removes from a node. Nothing happens if it does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum ClearSpec {
    /// the contents of a directory; the directory itself stays
    Directory { path: String },
    /// a directory, if it is empty
    EmptyDirectory { path: String },
    /// a directory with everything in it
    Tree { path: String },
    /// all mounts below a directory; flags have kubeadm's names, `MNT_DETACH`
    Mounts { below: String, flags: Vec<String> },
    /// every sandbox of a Pod that the container runtime has, with its containers
    PodSandboxes {},
    /// the member of etcd at this URL, unless it is the only one; tried again until the timeout,
    /// because etcd refuses while its cluster is not healthy
    #[serde(rename_all = "camelCase")]
    EtcdMember {
        peer_url: String,
        timeout_seconds: i64,
    },
    /// the users and groups that the components of a rootless control plane run as
    ControlPlaneUsers {},
}

impl std::fmt::Display for ClearSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClearSpec::Directory { path } => write!(f, "what is in {path}"),
            ClearSpec::EmptyDirectory { path } | ClearSpec::Tree { path } => f.write_str(path),
            ClearSpec::Mounts { below, .. } => write!(f, "mounts below {below}"),
            ClearSpec::PodSandboxes {} => f.write_str("sandboxes of Pods"),
            ClearSpec::EtcdMember { peer_url, .. } => write!(f, "the etcd member at {peer_url}"),
            ClearSpec::ControlPlaneUsers {} => f.write_str("users and groups of the control plane"),
        }
    }
}
