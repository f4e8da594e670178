//! Backups: an upgrade keeps what it replaces in kubeadm's directory for backups, and `upgrade
//! rollback` puts it back.
use crate::{
    render::BACKUPS,
    world::{Files, WorldResult},
};
use kubephase_sdk::{Effect, Failure, ObjectRef, cluster, effects_files, kubeadm::Upgrade, yaml};
use serde_json::{Value, json};

/// The name of the backup that lists the members of etcd at the time of a copy of its data. It is
/// beside the copy.
pub const MEMBERS: &str = "members.yaml";

/// The kind of a backup: the beginning of the name of its directory, before the time of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupKind {
    /// manifests of static Pods
    Manifests,
    /// the kubelet's files
    Kubelet,
    /// objects of the cluster
    Objects,
    /// the data directory of etcd
    EtcdData,
    /// a snapshot of etcd
    EtcdSnapshot,
}

impl BackupKind {
    const ALL: [BackupKind; 5] = [
        BackupKind::Manifests,
        BackupKind::Kubelet,
        BackupKind::Objects,
        BackupKind::EtcdData,
        BackupKind::EtcdSnapshot,
    ];

    fn prefix(self) -> &'static str {
        match self {
            BackupKind::Manifests => "kubeadm-backup-manifests-",
            BackupKind::Kubelet => "kubeadm-kubelet-config-",
            BackupKind::Objects => "kubephase-backup-objects-",
            BackupKind::EtcdData => "kubeadm-backup-etcd-",
            BackupKind::EtcdSnapshot => "kubephase-etcd-snapshot-",
        }
    }

    /// Returns the directory of the backups of a run.
    pub(in crate::phase) fn directory(self, upgrade: &Upgrade) -> String {
        self.directory_at(&upgrade.stamp)
    }

    fn directory_at(self, stamp: &str) -> String {
        format!("{BACKUPS}/{}{stamp}", self.prefix())
    }

    /// Whether a run has made backups of any kind at this time. The time is in the names of their
    /// directories.
    ///
    /// # Errors
    /// The directories cannot be looked at.
    pub fn are_made_at(stamp: &str, files: &dyn Files) -> WorldResult<bool> {
        for kind in BackupKind::ALL {
            if files.stat(&kind.directory_at(stamp))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the time in the name of a backup's directory; `None` if the path is not of a backup.
    pub fn time_of(path: &str) -> Option<&str> {
        let (kind, _) = BackupKind::of_path(path)?;
        let directory = path.strip_prefix(BACKUPS)?.split('/').nth(1)?;
        directory.strip_prefix(kind.prefix())
    }

    /// Returns the kind of the backup at a path, and its name in its directory; `None` if the path
    /// is not of a backup.
    pub fn of_path(path: &str) -> Option<(BackupKind, &str)> {
        let within = path.strip_prefix(BACKUPS)?.strip_prefix('/')?;
        let (directory, name) = within.split_once('/')?;
        let mut kinds = BackupKind::ALL.into_iter();
        let kind = kinds.find(|kind| directory.starts_with(kind.prefix()))?;
        Some((kind, name))
    }
}

/// An object of the cluster that an upgrade changes.
pub struct SharedObject {
    /// the name of its backup
    pub file: &'static str,
    api_version: &'static str,
    kind: &'static str,
    name: &'static str,
    /// whether it belongs to an addon, and not to the configuration of the cluster
    pub is_of_addon: bool,
}

impl SharedObject {
    /// The backup with the configuration of the cluster.
    pub const CLUSTER_CONFIGURATION: &str = "configmap-kubeadm-config.yaml";

    /// All objects that an upgrade changes, except for roles and their bindings.
    pub const ALL: [SharedObject; 6] = [
        SharedObject::map(SharedObject::CLUSTER_CONFIGURATION, "kubeadm-config", false),
        SharedObject::map("configmap-kubelet-config.yaml", "kubelet-config", false),
        SharedObject::map("configmap-coredns.yaml", "coredns", true),
        SharedObject::map("configmap-kube-proxy.yaml", "kube-proxy", true),
        SharedObject::workload("deployment-coredns.yaml", "Deployment", "coredns"),
        SharedObject::workload("daemonset-kube-proxy.yaml", "DaemonSet", "kube-proxy"),
    ];

    const fn map(file: &'static str, name: &'static str, is_of_addon: bool) -> SharedObject {
        SharedObject {
            file,
            api_version: "v1",
            kind: "ConfigMap",
            name,
            is_of_addon,
        }
    }

    const fn workload(file: &'static str, kind: &'static str, name: &'static str) -> SharedObject {
        SharedObject {
            file,
            api_version: "apps/v1",
            kind,
            name,
            is_of_addon: true,
        }
    }

    pub(super) fn reference(&self) -> ObjectRef {
        ObjectRef::namespaced(self.api_version, self.kind, "kube-system", self.name)
    }
}

/// Proposes a directory that only root can read.
pub(in crate::phase) fn propose_private_directory(path: &str) -> Result<(), Failure> {
    let made = effects_files::make_dir(path)?;
    effects_files::file_mode(made, 0o700)
}

/// Proposes to keep the content of a file in a directory of the backups.
pub(in crate::phase) fn propose_backup(
    directory: &str,
    name: &str,
    content: &[u8],
) -> Result<Effect, Failure> {
    propose_private_directory(BACKUPS)?;
    propose_private_directory(directory)?;
    let backup = effects_files::write_file(&format!("{directory}/{name}"), content)?;
    effects_files::file_mode(backup, 0o600)?;
    Ok(backup)
}

/// Proposes to keep the objects of the cluster that this run may change: the configuration if this
/// run uploads it, and the addons unless they wait for other members of the control plane.
pub(super) fn propose_objects(upgrade: &Upgrade, uploads: bool) -> Result<(), Failure> {
    let directory = BackupKind::Objects.directory(upgrade);
    let changes_addons = upgrade.older_control_planes.is_empty();
    for shared in &SharedObject::ALL {
        let is_changed = if shared.is_of_addon {
            changes_addons
        } else {
            uploads
        };
        if is_changed && let Some(object) = cluster::get_object(&shared.reference())? {
            let text = yaml::to_string(&as_manifest(shared, &object));
            propose_backup(&directory, shared.file, text.as_bytes())?;
        }
    }
    Ok(())
}

/// Returns an object without what the API server sets.
fn as_manifest(shared: &SharedObject, object: &Value) -> Value {
    let mut manifest = json!({"apiVersion": shared.api_version, "kind": shared.kind});
    for field in ["name", "namespace", "labels", "annotations"] {
        if let Some(value) = object["metadata"].get(field) {
            manifest["metadata"][field] = value.clone();
        }
    }
    for field in ["data", "binaryData", "spec"] {
        if let Some(value) = object.get(field) {
            manifest[field] = value.clone();
        }
    }
    manifest
}
