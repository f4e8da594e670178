//! The values that `doctor` adds to the configuration of a run.
use serde::{Deserialize, Serialize};

/// Facts about a node that the host collects before the phases of `doctor` begin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Doctor {
    /// whether this node is a member of the control plane
    pub control_plane: bool,
    /// why the API server does not serve this node; empty if it does
    pub api_problem: String,
    /// what the operator can do about that; empty if nothing is known
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_remedy: String,
    /// why the configuration that the cluster keeps could not be read although the API server
    /// answers; empty if it was read
    #[serde(skip_serializing_if = "String::is_empty")]
    pub configuration_problem: String,
    /// a certificate that is valid for at most this number of days is a warning
    pub expiring_within_days: u32,
    /// the third parties' plugins of the configuration
    pub plugins: Vec<ExaminedPlugin>,
}

impl Doctor {
    /// Whether the API server answers this node.
    pub fn has_api(&self) -> bool {
        self.api_problem.is_empty()
    }

    /// Whether the configuration of the run is the one that the cluster keeps. Otherwise it comes
    /// from the files of the node and from defaults.
    pub fn knows_cluster(&self) -> bool {
        self.has_api() && self.configuration_problem.is_empty()
    }
}

/// A plugin of the configuration, and whether it may run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExaminedPlugin {
    pub name: String,
    pub source: String,
    /// `0.2.1`; empty if it could not be loaded
    pub version: String,
    /// digest of its component; empty if it could not be loaded
    pub digest: String,
    /// why it may not run; empty if it may
    pub problem: String,
}
