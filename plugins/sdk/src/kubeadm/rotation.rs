//! The exchange of the cluster's authority.
use serde::{Deserialize, Serialize};
use std::fmt;

/// A stage of the exchange. Each node goes through all of them in this order, and all nodes are
/// through a stage before a control plane begins the next one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum RotationStage {
    /// the node trusts the old and the new authority
    #[default]
    Trust,
    /// the certificates of the node are signed by the new authority
    Reissue,
    /// the node trusts only the new authority
    Drop,
}

impl RotationStage {
    pub const ALL: [RotationStage; 3] = [
        RotationStage::Trust,
        RotationStage::Reissue,
        RotationStage::Drop,
    ];

    /// Returns the name of the stage, as in the flag `--stage`.
    pub fn name(self) -> &'static str {
        match self {
            RotationStage::Trust => "trust",
            RotationStage::Reissue => "reissue",
            RotationStage::Drop => "drop",
        }
    }
}

impl fmt::Display for RotationStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What this run of the exchange does, as the certificates of the node and the records of all nodes
/// say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rotation {
    pub stage: RotationStage,
    /// whether this node is a member of the control plane
    pub control_plane: bool,
    /// whether this node makes the new authority
    pub begins: bool,
    /// whether this node fetches the new authority from the cluster, with the certificate key
    pub fetches: bool,
    /// whether this node gives the new authority to other members of the control plane
    pub shares: bool,
    /// whether this is the last member of the control plane that goes through the stage
    pub is_last_control_plane: bool,
    /// certificate of the old authority, PEM
    pub old_authority: String,
    /// certificate of the new authority, PEM; empty if this run makes it
    pub new_authority: String,
}
