//! The values that a run adds to the configuration: options of the command line, joins, resets,
//! upgrades and renewals.
use crate::kubeadm::cluster::EnvVar;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The cluster that a node joins, as discovery found it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Join<S = String> {
    /// the node joins as a member of the control plane, not as a worker
    pub control_plane: bool,
    /// `https://host:port`
    pub server: String,
    /// certificates of the cluster's authorities, PEM
    pub authority_pem: String,
    /// where those certificates are written: `/etc/kubernetes/pki/ca.crt`
    pub ca_cert_path: String,
    /// versions of the API servers that run in the cluster, the oldest first; empty if this node
    /// may not ask for them
    pub api_server_versions: Vec<String>,
    /// the kubeconfig with which this node asks for its certificate; phases see a placeholder
    pub bootstrap_kubeconfig: S,
}

/// Options of a reset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reset {
    /// the certificates directory, whose contents are deleted: the one that the cluster's
    /// configuration names, if it names one
    pub certificates_dir: String,
    /// whether `/etc/kubernetes/tmp` is emptied as well
    pub cleanup_tmp_dir: bool,
    /// flags of unmounting: `MNT_DETACH`
    pub unmount_flags: Vec<String>,
    /// number of rounds in which the effects of earlier runs on the node are undone
    pub undo_rounds: usize,
}

/// Options of a renewal of certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Renewal {
    /// whether the components that read a renewed certificate only when they start are restarted
    pub restart: bool,
    /// the directory of certificates in the configuration that the cluster keeps; empty where it is
    /// not known. The command may name another.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kept_certificates_dir: String,
    /// certificates that are valid for more days than this stay as they are
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiring_within_days: Option<u32>,
    /// whether the client certificate of this node's kubelet has expired, while the node has the
    /// key to sign it anew
    pub kubelet_has_expired: bool,
    /// what happens to the timer that renews certificates
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer: Option<RenewalTimer>,
}

/// The change of the timer that renews certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum RenewalTimer {
    /// installs the timer, which starts this program
    Install {
        program: String,
    },
    Remove {},
}

/// Options of an upgrade, and facts about the cluster before it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Upgrade {
    /// the version that the cluster's configuration had before the upgrade: `v1.35.4`
    pub from: String,
    /// whether this node is a member of the control plane
    pub control_plane: bool,
    /// whether the certificates of components that are restarted are renewed
    pub certificate_renewal: bool,
    /// whether etcd is upgraded
    pub etcd: bool,
    /// whether a snapshot of etcd is saved before anything changes
    #[serde(skip_serializing_if = "is_false")]
    pub snapshot: bool,
    /// whether versions that do not fit together are reported and do not end the upgrade
    pub force: bool,
    /// whether alpha and beta versions may be upgraded to
    pub allow_experimental: bool,
    /// whether release candidates may be upgraded to
    pub allow_release_candidates: bool,
    /// other members of the control plane whose API server is older than the version that this
    /// upgrade sets up: addons are upgraded only when there are none
    pub older_control_planes: Vec<String>,
    /// other members of the control plane whose API server is newer than the version that this run
    /// sets up
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub newer_control_planes: Vec<String>,
    /// the time of the run in names of backups: `2026-11-30-12-00-00`
    pub stamp: String,
    /// only in a run that undoes the last upgrade of this node
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
}

/// The backups of the last upgrade of a node, which a rollback puts back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rollback {
    /// paths of backups by components of the control plane
    pub manifests: BTreeMap<String, String>,
    /// paths of backups by names of the kubelet's files: `config.yaml`
    pub kubelet: BTreeMap<String, String>,
    /// paths of backups of the objects with the cluster's configuration
    pub configuration: Vec<String>,
    /// paths of backups of the addons' objects
    pub addons: Vec<String>,
    /// path of the copy of etcd's data; empty if there is none
    #[serde(skip_serializing_if = "String::is_empty")]
    pub etcd_data: String,
    /// whether that copy is put back
    #[serde(skip_serializing_if = "is_false")]
    pub restores_etcd: bool,
}

/// Whether a flag is not set, so that it is not written.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Options of the command line, and facts about the node and the cluster that phases need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunOptions {
    /// workflow of this run: `init`, `join`, `reset`, `certs-renew`, `upgrade-apply`,
    /// `upgrade-node`, `upgrade-rollback`, `reconfigure` or `doctor`
    pub workflow: String,
    pub upload_certs: bool,
    pub skip_token_print: bool,
    pub skip_certificate_key_print: bool,
    /// where kubeconfigs are written: `/etc/kubernetes`
    pub kubeconfig_dir: String,
    /// the kubeconfig used to talk to the cluster: `/etc/kubernetes/admin.conf`
    pub kubeconfig: String,
    /// whether the key of the cluster's authority is not on this node: `ca.crt` exists, `ca.key`
    /// does not
    pub external_ca: bool,
    /// whether the key of the front proxy's authority is not on this node
    pub external_front_proxy_ca: bool,
    /// `NAME_PROXY` environment variables, for the control plane's Pods, in the order of the
    /// environment
    pub proxy_environment: Vec<EnvVar>,
    /// certificates directories of the host that exist, for the control plane's Pods
    pub ca_directories: Vec<String>,
    /// host name that the operating system reports
    pub os_hostname: String,
    /// where clients reach the control plane, `https://host:port`
    pub control_plane_url: String,
    /// the tenth address of the first service subnet
    pub dns_service_address: String,
    /// image of each component, by name
    pub images: BTreeMap<String, String>,
    /// repository of the core images of a CI build of Kubernetes; `None` for a release
    pub ci_image_repository: Option<String>,
    /// the version of a CI build of Kubernetes, in the form that the cluster's configuration keeps:
    /// `ci/v1.36.2`; `None` for a release
    pub ci_kubernetes_version: Option<String>,
    /// whether `systemd-resolved` runs on the node
    pub systemd_resolved: bool,
}

/// The configuration document of a component (kubelet, kube-proxy), with kubeadm's defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentConfig {
    /// the whole document, including fields that this version does not know
    pub document: Value,
    /// whether the user wrote it; otherwise the cluster keeps it with kubeadm's hash annotation
    pub user_supplied: bool,
}
