//! Users and groups of a rootless control plane.
use serde::{Deserialize, Serialize};

/// A user of the host and the group of that user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// The users that the components of a rootless control plane run as (kubeadm's feature gate
/// `RootlessControlPlane`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneUsers {
    pub etcd: User,
    pub kube_apiserver: User,
    pub kube_controller_manager: User,
    pub kube_scheduler: User,
    /// group of the users that may read the key of service accounts
    pub sa_key_readers: u32,
}

impl ControlPlaneUsers {
    /// Names of the users in `/etc/passwd` and of their groups in `/etc/group`: etcd, API server,
    /// controller manager, scheduler (kubeadm behaviour).
    pub const NAMES: [&str; 4] = ["kubeadm-etcd", "kubeadm-kas", "kubeadm-kcm", "kubeadm-ks"];
    /// Name of the group [`ControlPlaneUsers::sa_key_readers`].
    pub const SA_KEY_READERS: &str = "kubeadm-sa-key-readers";

    /// Returns the users with their names.
    pub fn with_names(&self) -> [(&'static str, User); 4] {
        let [etcd, apiserver, controller_manager, scheduler] = Self::NAMES;
        [
            (etcd, self.etcd),
            (apiserver, self.kube_apiserver),
            (controller_manager, self.kube_controller_manager),
            (scheduler, self.kube_scheduler),
        ]
    }
}

impl std::fmt::Display for ControlPlaneUsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, User { uid, gid }) in self.with_names() {
            write!(f, "{name} {uid}:{gid}, ")?;
        }
        write!(f, "group {} {}", Self::SA_KEY_READERS, self.sa_key_readers)
    }
}
