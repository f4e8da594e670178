//! The control plane without root (feature gate `RootlessControlPlane`).
use serde_json::{Value, json};

/// A user of the host and its own group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// The users that the components run as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Users {
    pub etcd: User,
    pub kube_apiserver: User,
    pub kube_controller_manager: User,
    pub kube_scheduler: User,
    /// group of those who may read the key of service accounts
    pub sa_key_readers: u32,
}

/// Users in `/etc/passwd` and their groups in `/etc/group`, by component.
pub const USER_NAMES: [(&str, &str); 4] = [
    ("etcd", "kubeadm-etcd"),
    ("kube-apiserver", "kubeadm-kas"),
    ("kube-controller-manager", "kubeadm-kcm"),
    ("kube-scheduler", "kubeadm-ks"),
];
/// The group of [`Users::sa_key_readers`].
pub const SA_KEY_READERS: &str = "kubeadm-sa-key-readers";

/// Makes a component's Pod run as its user, with no more capabilities than it needs.
pub fn run_as(pod: &mut Value, component: &str, users: &Users) {
    let (user, reads_keys) = match component {
        "etcd" => (users.etcd, false),
        "kube-apiserver" => (users.kube_apiserver, true),
        "kube-controller-manager" => (users.kube_controller_manager, true),
        "kube-scheduler" => (users.kube_scheduler, false),
        _ => return,
    };
    // Ports below 1024 are the API server's alone.
    let container = if component == "kube-apiserver" {
        json!({ "capabilities": { "drop": ["ALL"], "add": ["NET_BIND_SERVICE"] } })
    } else {
        json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } })
    };
    if let Some(first) = pod.pointer_mut("/spec/containers/0") {
        first["securityContext"] = container;
    }
    if let Some(context) = pod.pointer_mut("/spec/securityContext") {
        context["runAsUser"] = user.uid.into();
        context["runAsGroup"] = user.gid.into();
        if reads_keys {
            context["supplementalGroups"] = json!([users.sa_key_readers]);
        }
    }
}
