//! Members of etcd, and the data of a member.
use serde::{Deserialize, Serialize};
use std::fmt;

/// A member of etcd, an answer of
/// [`observe_core::etcd_members`](crate::observe_core::etcd_members).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EtcdMember {
    pub id: u64,
    /// empty until it has started
    pub name: String,
    pub peer_urls: Vec<String>,
    /// where it serves clients; empty until it has started
    pub client_urls: Vec<String>,
    /// the member replicates the data and has no vote yet
    pub learner: bool,
}

impl EtcdMember {
    /// Whether the other members reach it at this URL.
    pub fn has_peer_url(&self, url: &str) -> bool {
        self.peer_urls.iter().any(|own| own == url)
    }
}

/// The health of the cluster's etcd, the answer of
/// [`observe_core::etcd_health`](crate::observe_core::etcd_health).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EtcdHealth {
    /// how many members are healthy
    pub healthy: usize,
    /// how many members there are
    pub members: usize,
}

/// The member of etcd that this node is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EtcdMemberSpec {
    pub peer_url: String,
    /// where it serves clients
    pub client_url: String,
    /// whether to wait until the member has a vote, which it gets when it has all data and serves
    pub voting: bool,
    pub timeout_seconds: i64,
}

/// An action on the data of this node's member of etcd. It does nothing if the snapshot or the copy
/// exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum EtcdDataSpec {
    /// a snapshot of the member that serves clients at a URL is saved to a file that only root can
    /// read
    #[serde(rename_all = "camelCase")]
    Snapshot { client_url: String, path: String },
    /// the data directory of the member is copied to a directory
    #[serde(rename_all = "camelCase")]
    Copy {
        client_url: String,
        data_dir: String,
        path: String,
    },
    /// a copy is put in place of the data, and etcd begins with it
    #[serde(rename_all = "camelCase")]
    Restore {
        client_url: String,
        data_dir: String,
        /// the directory of the copy
        copy: String,
        /// whether nothing is done if the member serves clients, or if there is no copy
        only_if_down: bool,
    },
}

impl fmt::Display for EtcdDataSpec {
    /// Writes what is done: `copy the data of etcd in A to B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EtcdDataSpec::Snapshot { path, .. } => write!(f, "save a snapshot of etcd to {path}"),
            EtcdDataSpec::Copy { data_dir, path, .. } => {
                write!(f, "copy the data of etcd in {data_dir} to {path}")
            }
            EtcdDataSpec::Restore { data_dir, copy, .. } => {
                write!(f, "put {copy} in place of the data of etcd in {data_dir}")
            }
        }
    }
}
