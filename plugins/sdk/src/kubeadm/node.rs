//! Documents about one node: `InitConfiguration` and its parts.
use crate::kubeadm::is_default;
use crate::{duration::Duration, kubeadm::cluster::Arg};
use serde::{Deserialize, Serialize};

/// `InitConfiguration`: how `init` sets up this node.
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

/// A bootstrap token of `bootstrapTokens`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BootstrapToken<S = String> {
    /// `id.secret`; phases see only the id
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
    /// Returns the id, the part before the dot.
    pub fn id(&self) -> &str {
        self.token.split('.').next().unwrap_or_default()
    }
}

impl<S> BootstrapToken<S> {
    /// Returns a copy with another token.
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

/// `nodeRegistration`: the name, runtime and taints of this node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeRegistration {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cri_socket: String,
    /// `None`: the default taint of the control plane; empty: no taint
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

/// A taint of a node.
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

/// `localAPIEndpoint`: where the API server of this node listens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiEndpoint {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advertise_address: String,
    #[serde(skip_serializing_if = "is_default")]
    pub bind_port: i32,
}

/// `patches`: the directory of the operator's patches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Patches {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub directory: String,
}

/// `timeouts`; the host fills in kubeadm's defaults.
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
