//! The control plane without root (feature gate `RootlessControlPlane`).
use crate::render::{KUBERNETES_DIRECTORY, join};
use kubephase_sdk::kubeadm::Config;
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

/// A file that a component must be able to read without being root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFile {
    pub path: String,
    pub owner: User,
    pub mode: u32,
}

/// The files that change hands to a component. etcd's data directory, with all in it, is [`Users::etcd`]'s too.
pub fn files(config: &Config, component: &str, users: &Users) -> Vec<OwnedFile> {
    let certificate = |name: &str| join(&config.cluster.certificates_dir, name);
    let own = |path: String, owner: User| OwnedFile { path, owner, mode: 0o600 };
    let service_account_key = OwnedFile { path: certificate("sa.key"), owner: User { uid: 0, gid: users.sa_key_readers }, mode: 0o640 };
    match component {
        "etcd" => ["etcd/server.key", "etcd/peer.key"].map(|name| own(certificate(name), users.etcd)).into(),
        "kube-apiserver" => {
            let mut names = vec!["sa.pub", "apiserver.key", "apiserver-kubelet-client.key", "front-proxy-client.key"];
            if config.cluster.etcd.local.is_some() {
                names.push("apiserver-etcd-client.key");
            }
            let files = names.into_iter().map(|name| own(certificate(name), users.kube_apiserver));
            files.chain([service_account_key]).collect()
        }
        "kube-controller-manager" => {
            let user = users.kube_controller_manager;
            let mut files = vec![own(join(KUBERNETES_DIRECTORY, "controller-manager.conf"), user), service_account_key];
            if !config.run.external_ca {
                files.push(own(certificate("ca.key"), user));
            }
            files
        }
        "kube-scheduler" => vec![own(join(KUBERNETES_DIRECTORY, "scheduler.conf"), users.kube_scheduler)],
        _ => Vec::new(),
    }
}

pub use kubephase_sdk::node::UsedIds;

/// The lowest free ids, in the order in which kubeadm hands them out.
///
/// # Errors
/// Where a range has too few free ids.
pub fn allocate(used: &UsedIds) -> Result<Users, String> {
    let free = |(first, last): (u32, u32), taken: &[u32]| (first..=last).filter(|id| !taken.contains(id)).collect::<Vec<_>>();
    let (uids, gids) = (free(used.uid_range, &used.uids), free(used.gid_range, &used.gids));
    let (&[etcd, apiserver, controller_manager, scheduler, ..], &[g0, g1, g2, g3, readers, ..]) = (uids.as_slice(), gids.as_slice()) else {
        return Err(format!(
            "the range of system users {:?} or groups {:?} has too few free ids for a rootless control plane",
            used.uid_range, used.gid_range
        ));
    };
    Ok(Users {
        etcd: User { uid: etcd, gid: g0 },
        kube_apiserver: User { uid: apiserver, gid: g1 },
        kube_controller_manager: User { uid: controller_manager, gid: g2 },
        kube_scheduler: User { uid: scheduler, gid: g3 },
        sa_key_readers: readers,
    })
}

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
