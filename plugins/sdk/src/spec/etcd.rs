//! Members of etcd.
use serde::{Deserialize, Serialize};

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
