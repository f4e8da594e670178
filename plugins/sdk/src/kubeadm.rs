//! The types of `kubeadm.k8s.io/v1beta4` that a phase sees, in the shape and spelling of the API:
//! what is omitted when empty there is omitted here, so that serialising gives what kubeadm stores
//! in the cluster.
//!
//! Source: the v1beta4 API reference; kubeadm's defaults are filled in by the host before a phase
//! runs.
pub use crate::duration::Duration;
use crate::{spec::KeyAlgorithm, undo::UndoStep};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The resolved configuration of a run: every default filled in, every detection done.
/// Phases read it, or a part of it, through [`config`](crate::config).
///
/// `S` is the type of its secrets. Phases see placeholders, which are texts; the host has the
/// values, in a type that is never printed or serialised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[serde(bound(
    serialize = "S: Serialize + Default + PartialEq",
    deserialize = "S: Deserialize<'de> + Default"
))]
pub struct Config<S = String> {
    pub init: InitConfiguration<S>,
    pub cluster: ClusterConfiguration,
    pub kubelet: ComponentConfig,
    pub kube_proxy: ComponentConfig,
    pub run: RunOptions,
    /// only where this node joins a cluster
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<Join<S>>,
    /// only where this node is to be reset
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
}

/// The cluster that a node joins, as it was discovered, and as what it joins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Join<S = String> {
    /// as a member of the control plane, not as a worker
    pub control_plane: bool,
    /// `https://host:port`
    pub server: String,
    /// the cluster's authorities, PEM
    pub authority_pem: String,
    /// where their certificate is put: `/etc/kubernetes/pki/ca.crt`
    pub ca_cert_path: String,
    /// the kubeconfig with which this node asks for its certificate; phases see a placeholder
    pub bootstrap_kubeconfig: S,
}

/// How far a node is reset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reset {
    /// what is in it is deleted; where the cluster says so, its own is another
    pub certificates_dir: String,
    /// `/etc/kubernetes/tmp` as well
    pub cleanup_tmp_dir: bool,
    /// of unmounting: `MNT_DETACH`
    pub unmount_flags: Vec<String>,
    /// what undoes the effects of earlier runs on the node, by their journals; the latest first
    pub undo: Vec<UndoStep>,
}

/// What the command line adds to the configuration files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunOptions {
    /// `init`, `join`, `reset`, `upgrade`
    pub workflow: String,
    pub upload_certs: bool,
    pub skip_token_print: bool,
    pub skip_certificate_key_print: bool,
    /// where kubeconfigs are written: `/etc/kubernetes`
    pub kubeconfig_dir: String,
    /// the kubeconfig used to talk to the cluster: `/etc/kubernetes/admin.conf`
    pub kubeconfig: String,
    /// the cluster's authority is kept elsewhere: `ca.crt` is there, `ca.key` is not
    pub external_ca: bool,
    pub external_front_proxy_ca: bool,
    /// `NAME_PROXY` environment variables, for the control plane's Pods, in the order of the
    /// environment
    pub proxy_environment: Vec<EnvVar>,
    /// certificates directories of the host that exist, for the control plane's Pods
    pub ca_directories: Vec<String>,
    /// host name as the operating system has it
    pub os_hostname: String,
    /// where clients reach the control plane, `https://host:port`
    pub control_plane_url: String,
    /// the tenth address of the first service subnet
    pub dns_service_address: String,
    /// image of each component, by name
    pub images: BTreeMap<String, String>,
    /// a CI build of Kubernetes keeps its core images in a repository of its own
    pub ci_image_repository: Option<String>,
    /// `systemd-resolved` runs on the node
    pub systemd_resolved: bool,
}

/// A component's own configuration document (kubelet, kube-proxy), defaulted as kubeadm does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentConfig {
    /// the whole document, with fields unknown to this version
    pub document: Value,
    /// the user gave it; what nobody gave carries kubeadm's hash annotation in the cluster
    pub user_supplied: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[serde(bound(
    serialize = "S: Serialize + Default + PartialEq",
    deserialize = "S: Deserialize<'de> + Default"
))]
pub struct InitConfiguration<S = String> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bootstrap_tokens: Vec<BootstrapToken<S>>,
    #[serde(skip_serializing_if = "is_default")]
    pub dry_run: bool,
    pub node_registration: NodeRegistration,
    #[serde(rename = "localAPIEndpoint")]
    pub local_api_endpoint: ApiEndpoint,
    #[serde(skip_serializing_if = "is_default")]
    pub certificate_key: S,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skip_phases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches: Option<Patches>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BootstrapToken<S = String> {
    /// `id.secret`; phases see the id only
    pub token: S,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub usages: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl BootstrapToken {
    pub fn id(&self) -> &str {
        self.token.split('.').next().unwrap_or_default()
    }
}

impl<S> BootstrapToken<S> {
    /// The same, with this token.
    pub fn with_token<T>(&self, token: T) -> BootstrapToken<T> {
        BootstrapToken {
            token,
            description: self.description.clone(),
            ttl: self.ttl,
            expires: self.expires.clone(),
            usages: self.usages.clone(),
            groups: self.groups.clone(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeRegistration {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cri_socket: String,
    /// none: the control plane's default taint; empty: no taint
    pub taints: Option<Vec<Taint>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kubelet_extra_args: Vec<Arg>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_preflight_errors: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_pull_policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_serial: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Taint {
    pub key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    pub effect: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_added: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiEndpoint {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advertise_address: String,
    #[serde(skip_serializing_if = "is_default")]
    pub bind_port: i32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Patches {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub directory: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Timeouts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_component_health_check: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery: Option<Duration>,
    #[serde(rename = "etcdAPICall", skip_serializing_if = "Option::is_none")]
    pub etcd_api_call: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_health_check: Option<Duration>,
    #[serde(rename = "kubernetesAPICall", skip_serializing_if = "Option::is_none")]
    pub kubernetes_api_call: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_bootstrap: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_manifests: Option<Duration>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterConfiguration {
    pub etcd: Etcd,
    pub networking: Networking,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kubernetes_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub control_plane_endpoint: String,
    pub api_server: ControlPlaneComponent,
    pub controller_manager: ControlPlaneComponent,
    pub scheduler: ControlPlaneComponent,
    pub dns: Dns,
    pub proxy: Proxy,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub certificates_dir: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_repository: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_gates: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_algorithm: Option<KeyAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity_period: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate_validity_period: Option<Duration>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Etcd {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalEtcd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalEtcd>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LocalEtcd {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_repository: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_tag: String,
    pub data_dir: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_args: Vec<Arg>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_envs: Vec<EnvVar>,
    #[serde(rename = "serverCertSANs", skip_serializing_if = "Vec::is_empty")]
    pub server_cert_sans: Vec<String>,
    #[serde(rename = "peerCertSANs", skip_serializing_if = "Vec::is_empty")]
    pub peer_cert_sans: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExternalEtcd {
    pub endpoints: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http_endpoints: Vec<String>,
    pub ca_file: String,
    pub cert_file: String,
    pub key_file: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Networking {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_subnet: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pod_subnet: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dns_domain: String,
}

/// `apiServer` has `certSANs`; the others leave it empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControlPlaneComponent {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_args: Vec<Arg>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_volumes: Vec<HostPathMount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_envs: Vec<EnvVar>,
    #[serde(rename = "certSANs", skip_serializing_if = "Vec::is_empty")]
    pub cert_sans: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Arg {
    pub name: String,
    pub value: String,
}

/// `core/v1` EnvVar; `valueFrom` is kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvVar {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostPathMount {
    pub name: String,
    pub host_path: String,
    pub mount_path: String,
    #[serde(skip_serializing_if = "is_default")]
    pub read_only: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_type: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Dns {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_repository: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_tag: String,
    #[serde(skip_serializing_if = "is_default")]
    pub disabled: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Proxy {
    #[serde(skip_serializing_if = "is_default")]
    pub disabled: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
