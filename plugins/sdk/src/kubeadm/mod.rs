//! The types of `kubeadm.k8s.io/v1beta4` that a phase sees, in the shape and spelling of the API.
//! Fields that the API omits when empty are omitted here, so a serialised document is what kubeadm
//! stores in the cluster.
//!
//! Source: the reference of the v1beta4 API. The host fills in kubeadm's defaults before a phase
//! runs.

mod cluster;
mod doctor;
mod node;
mod reconfiguration;
mod rotation;
mod run;

pub use crate::duration::Duration;
pub use cluster::{
    Arg, ClusterConfiguration, ControlPlaneComponent, Dns, EnvVar, Etcd, ExternalEtcd,
    HostPathMount, LocalEtcd, Networking, Proxy,
};
pub use doctor::{Doctor, ExaminedPlugin};
pub use node::{
    ApiEndpoint, BootstrapToken, InitConfiguration, NodeRegistration, Patches, Taint, Timeouts,
};
pub use reconfiguration::{Consequence, FieldChange, Reconfiguration};
pub use rotation::{ClusterAuthority, Rotation, RotationStage};
pub use run::{ComponentConfig, Join, Renewal, RenewalTimer, Reset, Rollback, RunOptions, Upgrade};

use serde::{Deserialize, Serialize};

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
    /// only where this node is upgraded
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Upgrade>,
    /// only where a running cluster is reconfigured
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconfiguration: Option<Reconfiguration>,
    /// only where this node is examined
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doctor: Option<Doctor>,
    /// only where certificates of this node are renewed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
    /// only where the authority of the cluster is exchanged
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

impl<S> Config<S> {
    /// Whether the node joins as a worker, without any part of a control plane.
    pub fn is_worker(&self) -> bool {
        self.join.as_ref().is_some_and(|join| !join.control_plane)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
