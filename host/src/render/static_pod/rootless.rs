//! The control plane without root (feature gate `RootlessControlPlane`).
use crate::render::{KUBERNETES_DIRECTORY, join};
use kubephase_sdk::{
    kubeadm::Config,
    node::{UsedIds, UsedUser},
    spec::{ControlPlaneUsers, User},
};
use serde_json::{Value, json};

/// Nobody logs in as one of them.
pub const NO_SHELL: &str = "/bin/false";

/// What a component must be able to use without being root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFile {
    pub path: String,
    pub owner: User,
    /// of a file; none for a directory with all that is below it, where modes stay
    pub mode: Option<u32>,
}

/// The files and directories that change hands to a component.
pub fn owned_files(config: &Config, component: &str, users: &ControlPlaneUsers) -> Vec<OwnedFile> {
    let certificate = |name: &str| join(&config.cluster.certificates_dir, name);
    let own = |path: String, owner: User| OwnedFile {
        path,
        owner,
        mode: Some(0o600),
    };
    let readers = User {
        uid: 0,
        gid: users.sa_key_readers,
    };
    let service_account_key = OwnedFile {
        path: certificate("sa.key"),
        owner: readers,
        mode: Some(0o640),
    };
    match component {
        "etcd" => {
            let local = config.cluster.etcd.local.iter();
            let data = local.map(|local| OwnedFile {
                path: local.data_dir.clone(),
                owner: users.etcd,
                mode: None,
            });
            let keys =
                ["etcd/server.key", "etcd/peer.key"].map(|name| own(certificate(name), users.etcd));
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
            let files = names
                .into_iter()
                .map(|name| own(certificate(name), users.kube_apiserver));
            files.chain([service_account_key]).collect()
        }
        "kube-controller-manager" => {
            let user = users.kube_controller_manager;
            let mut files = vec![
                own(join(KUBERNETES_DIRECTORY, "controller-manager.conf"), user),
                service_account_key,
            ];
            if !config.run.external_ca {
                files.push(own(certificate("ca.key"), user));
            }
            files
        }
        "kube-scheduler" => vec![own(
            join(KUBERNETES_DIRECTORY, "scheduler.conf"),
            users.kube_scheduler,
        )],
        _ => Vec::new(),
    }
}

/// Those that are there by kubeadm's names, and for the others the lowest free ids, in the order in
/// which kubeadm hands them out.
///
/// # Errors
/// Where a range has too few free ids, or one of these names has an id or a shell that none of
/// these users may have.
pub fn allocate_users(used: &UsedIds) -> Result<ControlPlaneUsers, String> {
    let free = |(first, last): (u32, u32), taken: &[u32]| {
        (first..=last)
            .filter(|id| !taken.contains(id))
            .collect::<Vec<_>>()
            .into_iter()
    };
    let (mut uids, mut gids) = (
        free(used.uid_range, &used.uids),
        free(used.gid_range, &used.gids),
    );
    let take = |ids: &mut std::vec::IntoIter<u32>| {
        ids.next().ok_or_else(|| {
            format!(
                "the range of system users {:?} or groups {:?} has too few free ids for a rootless \
                 control plane",
                used.uid_range, used.gid_range
            )
        })
    };
    let within = |what: &str, name: &str, id: u32, (first, last): (u32, u32)| match id {
        id if (first..=last).contains(&id) => Ok(id),
        id => Err(format!(
            "{what} {name} has the id {id}, which is not one of the system's, from {first} to \
             {last} (/etc/login.defs)"
        )),
    };
    let mut group = |name: &str| match used.groups.get(name) {
        Some(gid) => within("group", name, *gid, used.gid_range),
        None => take(&mut gids),
    };
    let mut user = |name: &str| {
        let uid = match used.users.get(name) {
            Some(UsedUser { shell, .. }) if shell != NO_SHELL => {
                return Err(format!(
                    "user {name} has the shell {shell:?}, not {NO_SHELL}: it is somebody else's"
                ));
            }
            Some(UsedUser { uid, .. }) => within("user", name, *uid, used.uid_range)?,
            None => take(&mut uids)?,
        };
        Ok(User {
            uid,
            gid: group(name)?,
        })
    };
    let [etcd, apiserver, controller_manager, scheduler] = ControlPlaneUsers::NAMES;
    Ok(ControlPlaneUsers {
        etcd: user(etcd)?,
        kube_apiserver: user(apiserver)?,
        kube_controller_manager: user(controller_manager)?,
        kube_scheduler: user(scheduler)?,
        sa_key_readers: group(ControlPlaneUsers::SA_KEY_READERS)?,
    })
}

/// Makes a component's Pod run as its user, with no more capabilities than it needs.
pub fn run_as(pod: &mut Value, component: &str, users: &ControlPlaneUsers) {
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

#[cfg(test)]
mod tests;
