//! Components of the control plane.
use serde::{Deserialize, Serialize};

/// A component of this node's control plane as the container runtime shows it, an answer of
/// [`observe_core::components`](crate::observe_core::components).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentState {
    /// `kube-apiserver`
    pub name: String,
    /// whether a container of it runs
    pub running: bool,
    /// how often its last container was restarted
    pub restarts: u32,
    /// the end of its log, if no container of it runs
    pub log: Vec<String>,
}
