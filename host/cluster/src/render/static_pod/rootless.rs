//! The control plane without root (feature gate `RootlessControlPlane`): the files that belong to
//! its users, and the Pods that run as them. `users` chooses the ids.
mod users;

pub use users::allocate_users;

use super::certificate_file;
use crate::render::{KUBERNETES_DIRECTORY, join_path};
use kubephase_sdk::{
    kubeadm::Config,
    spec::{ControlPlaneUsers, User},
};
use serde_json::{Value, json};

/// The shell of users that cannot log in.
pub const NO_SHELL: &str = "/bin/false";

/// A file or directory that a component needs to use without being root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFile {
    pub path: String,
    pub owner: User,
    /// mode of a file; `None` for a directory with everything below it, where modes stay
    pub mode: Option<u32>,
}

impl OwnedFile {
    /// Returns a file that only its owner uses.
    fn private(path: String, owner: User) -> OwnedFile {
        OwnedFile {
            path,
            owner,
            mode: Some(0o600),
        }
    }

    /// Returns the key that signs service account tokens. A group may read it.
    fn service_account_key(config: &Config, users: &ControlPlaneUsers) -> OwnedFile {
        OwnedFile {
            path: certificate_file(config, "sa.key"),
            owner: User {
                uid: 0,
                gid: users.sa_key_readers,
            },
            mode: Some(0o640),
        }
    }
}

/// Returns the files and directories whose owner changes to a component's user.
pub fn owned_files(config: &Config, component: &str, users: &ControlPlaneUsers) -> Vec<OwnedFile> {
    match component {
        "etcd" => {
            let local = config.cluster.etcd.local.iter();
            let data = local.map(|local| OwnedFile {
                path: local.data_dir.clone(),
                owner: users.etcd,
                mode: None,
            });
            let keys = ["etcd/server.key", "etcd/peer.key"]
                .map(|name| OwnedFile::private(certificate_file(config, name), users.etcd));
            data.chain(keys).collect()
        }
        "kube-apiserver" => {
            let mut names = vec![
                "sa.pub",
                "apiserver.key",
                "apiserver-kubelet-client.key",
                "front-proxy-client.key",
            ];
            if config.cluster.etcd.local.is_some() {
                names.push("apiserver-etcd-client.key");
            }
            let files = names.into_iter().map(|name| {
                OwnedFile::private(certificate_file(config, name), users.kube_apiserver)
            });
            files
                .chain([OwnedFile::service_account_key(config, users)])
                .collect()
        }
        "kube-controller-manager" => {
            let user = users.kube_controller_manager;
            let kubeconfig = join_path(KUBERNETES_DIRECTORY, "controller-manager.conf");
            let mut files = vec![
                OwnedFile::private(kubeconfig, user),
                OwnedFile::service_account_key(config, users),
            ];
            if !config.run.external_ca {
                files.push(OwnedFile::private(certificate_file(config, "ca.key"), user));
            }
            files
        }
        "kube-scheduler" => vec![OwnedFile::private(
            join_path(KUBERNETES_DIRECTORY, "scheduler.conf"),
            users.kube_scheduler,
        )],
        _ => Vec::new(),
    }
}

/// Makes a component's Pod run as its user, with only the capabilities that it needs.
pub fn run_as(pod: &mut Value, component: &str, users: &ControlPlaneUsers) {
    let (user, reads_keys) = match component {
        "etcd" => (users.etcd, false),
        "kube-apiserver" => (users.kube_apiserver, true),
        "kube-controller-manager" => (users.kube_controller_manager, true),
        "kube-scheduler" => (users.kube_scheduler, false),
        _ => return,
    };
    // Only the API server may listen on a port below 1024.
    let container = if component == "kube-apiserver" {
        json!({ "capabilities": { "drop": ["ALL"], "add": ["NET_BIND_SERVICE"] } })
    } else {
        json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } })
    };
    let containers = pod.pointer_mut("/spec/containers");
    let mut containers = containers
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    if let Some(own) = containers.find(|container| container["name"] == component) {
        own["securityContext"] = container;
    }
    if let Some(context) = pod.pointer_mut("/spec/securityContext") {
        context["runAsUser"] = user.uid.into();
        context["runAsGroup"] = user.gid.into();
        if reads_keys {
            context["supplementalGroups"] = json!([users.sa_key_readers]);
        }
    }
}
