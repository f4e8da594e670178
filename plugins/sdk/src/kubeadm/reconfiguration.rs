//! The fields that a new configuration of a running cluster changes.
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The changes that a run makes to the configuration of a running cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reconfiguration {
    /// whether the operator gave a configuration; otherwise this node follows the configuration
    /// that the cluster keeps
    pub has_file: bool,
    /// whether the operator gave settings of this node: an InitConfiguration or a JoinConfiguration
    pub has_node_settings: bool,
    /// whether the operator gave a PhaseConfiguration
    pub has_phases: bool,
    /// the fields that the cluster keeps with another value, without secrets
    pub changes: Vec<FieldChange>,
}

/// A field whose wanted value is not the one that the cluster keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// kind of the document: `ClusterConfiguration`
    pub document: String,
    /// `apiServer.extraArgs[v]`
    pub path: String,
    /// the value that the cluster keeps; `None` if it has none
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// the wanted value; `None` if the field is removed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
    pub consequence: Consequence,
}

/// The consequence of a changed field for a running cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Consequence {
    /// these phases, or groups of phases, apply the change
    Applied { phases: Vec<String> },
    /// the change holds only for what is made later
    Later { reason: String },
    /// the field cannot be changed in a running cluster
    Refused { reason: String },
}
