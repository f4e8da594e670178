//! The exchange of an authority of the cluster.
use serde::{Deserialize, Serialize};
use std::fmt;

/// An authority of the cluster that can be exchanged.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterAuthority {
    /// signs the API servers, their clients and the kubelets; all nodes trust it
    #[default]
    Ca,
    /// signs the client certificate with which API servers pass requests on to extension API
    /// servers
    FrontProxyCa,
    /// signs the members of etcd and their clients; only control planes have it
    EtcdCa,
}

impl ClusterAuthority {
    pub const ALL: [ClusterAuthority; 3] = [
        ClusterAuthority::Ca,
        ClusterAuthority::FrontProxyCa,
        ClusterAuthority::EtcdCa,
    ];

    /// Returns kubeadm's name of the authority.
    pub fn name(self) -> &'static str {
        match self {
            ClusterAuthority::Ca => "ca",
            ClusterAuthority::FrontProxyCa => "front-proxy-ca",
            ClusterAuthority::EtcdCa => "etcd-ca",
        }
    }

    /// Returns the path of its files below the certificates directory, without the extension.
    pub fn base(self) -> &'static str {
        match self {
            ClusterAuthority::EtcdCa => "etcd/ca",
            other => other.name(),
        }
    }

    /// Returns the base name of the new authority, until it signs.
    pub fn next(self) -> String {
        format!("{}-next", self.base())
    }

    /// Returns the file of the old authority's key, which exists until the authority is no longer
    /// trusted.
    pub fn old_key(self) -> String {
        format!("{}-old.key", self.base())
    }

    /// Whether workers trust the authority, too.
    pub fn concerns_workers(self) -> bool {
        self == ClusterAuthority::Ca
    }
}

impl fmt::Display for ClusterAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A stage of the exchange. Each node completes all stages in this order, and a control plane
/// begins a stage only after all nodes have completed the previous stage.
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

/// The part of this run in an exchange of an authority. It follows from the certificates of the
/// node and the records of all nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rotation {
    pub authority: ClusterAuthority,
    pub stage: RotationStage,
    /// whether this node is a member of the control plane
    pub control_plane: bool,
    /// whether this node makes the new authority
    pub begins: bool,
    /// whether this node fetches the new authority from the cluster, with the certificate key
    pub fetches: bool,
    /// whether this node gives the new authority to other members of the control plane
    pub shares: bool,
    /// whether all other members of the control plane have completed the stage
    pub is_last_control_plane: bool,
    /// the other nodes that have not completed the stage yet, control planes first; `None` on a
    /// worker, which may not read the records of other nodes
    pub nodes_behind: Option<Vec<String>>,
    /// certificate of the old authority, PEM
    pub old_authority: String,
    /// certificate of the new authority, PEM; empty if this run makes or fetches it
    pub new_authority: String,
}
