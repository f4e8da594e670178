//! The host paths that are mounted in the control plane's Pods.
use crate::render::{KUBERNETES_DIRECTORY, join_path};
use kubephase_sdk::kubeadm::{Config, ExternalEtcd, HostPathMount};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The directory of certificate authorities that is always mounted.
const CA_DIRECTORY: &str = "/etc/ssl/certs";
/// Directories of certificate authorities that are mounted if the host has them.
pub const OTHER_CA_DIRECTORIES: [&str; 5] = [
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
];

/// A host path that is mounted in a Pod.
pub(super) struct Mount {
    pub name: String,
    host_path: String,
    mount_path: String,
    read_only: bool,
    path_type: String,
}

impl Mount {
    /// Returns the mount of a directory that has the same path on the host and in the Pod.
    pub(super) fn directory(name: impl Into<String>, path: &str, read_only: bool) -> Self {
        Mount {
            name: name.into(),
            host_path: path.into(),
            mount_path: path.into(),
            read_only,
            path_type: "DirectoryOrCreate".into(),
        }
    }

    /// Returns the mount of the kubeconfig with which a component talks to the API server.
    pub(super) fn kubeconfig(file: &str) -> Self {
        Mount {
            path_type: "FileOrCreate".into(),
            ..Mount::directory("kubeconfig", &join_path(KUBERNETES_DIRECTORY, file), true)
        }
    }

    /// Returns the entry in the `volumes` of the Pod.
    pub(super) fn to_volume(&self) -> Value {
        json!({ "name": self.name, "hostPath": { "path": self.host_path, "type": self.path_type } })
    }

    /// Returns the entry in the `volumeMounts` of the container.
    pub(super) fn to_volume_mount(&self) -> Value {
        let mut mount = json!({ "name": self.name, "mountPath": self.mount_path });
        if self.read_only {
            mount["readOnly"] = true.into();
        }
        mount
    }
}

impl From<&HostPathMount> for Mount {
    fn from(extra: &HostPathMount) -> Self {
        let HostPathMount {
            name,
            host_path,
            mount_path,
            read_only,
            path_type,
        } = extra.clone();
        Mount {
            name,
            host_path,
            mount_path,
            read_only,
            path_type,
        }
    }
}

/// Returns the mounts of the cluster's certificates and of the host's certificate authorities.
pub(super) fn certificates(config: &Config) -> Vec<Mount> {
    let mut mounts = vec![
        Mount::directory("k8s-certs", &config.cluster.certificates_dir, true),
        Mount::directory("ca-certs", CA_DIRECTORY, true),
    ];
    for path in OTHER_CA_DIRECTORIES
        .iter()
        .filter(|path| config.run.ca_directories.iter().any(|found| found == *path))
    {
        mounts.push(Mount::directory(
            path.trim_start_matches('/').replace('/', "-"),
            path,
            true,
        ));
    }
    mounts
}

/// Returns the mounts of the directories with the files for an external etcd: its CA, and the
/// client certificate and key of the API server. A directory within another mount is left out.
pub(super) fn external_etcd(etcd: &ExternalEtcd, certificates_dir: &str) -> Vec<Mount> {
    let mut directories = BTreeSet::new();
    for file in [&etcd.ca_file, &etcd.cert_file, &etcd.key_file] {
        let Some((directory, _)) = file.rsplit_once('/') else {
            continue;
        };
        let directory = join_path(directory, "");
        let mounted = OTHER_CA_DIRECTORIES
            .iter()
            .copied()
            .chain([CA_DIRECTORY, certificates_dir]);
        // kubeadm compares paths as text: it counts `/etc/pki-a` as within `/etc/pki`.
        if mounted
            .into_iter()
            .chain(directories.iter().map(String::as_str))
            .any(|outer| directory.starts_with(outer))
        {
            continue;
        }
        directories.retain(|inner: &String| !inner.starts_with(&directory));
        directories.insert(directory);
    }
    directories
        .iter()
        .enumerate()
        .map(|(i, directory)| Mount::directory(format!("etcd-certs-{i}"), directory, true))
        .collect()
}

/// Merges kubeadm's mounts and the user's, sorted by name. A mount of the user replaces kubeadm's.
pub(super) fn merge_mounts(own: Vec<Mount>, extra: &[HostPathMount]) -> Vec<Mount> {
    let by_name: BTreeMap<String, Mount> = own
        .into_iter()
        .chain(extra.iter().map(Mount::from))
        .map(|mount| (mount.name.clone(), mount))
        .collect();
    by_name.into_values().collect()
}
