//! The members of the rehearsed cluster's etcd. There is no etcd: members are added, get their vote
//! and are removed by etcd's rules (3.6), and run when a kubelet finds their static Pod.
//!
//! `requests` answers requests to etcd, `pods` follows static Pods, `data` has the data of etcd,
//! `methods` is etcd as a part of a rehearsal.
mod data;
mod methods;
mod pods;
mod requests;

pub use data::parse_database;

use super::persistence::{ClusterLog, LogEntry};
use crate::world::real::EtcdPod;
use kubephase_wit::{Failure, FailureCode};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    net::IpAddr,
    ops::{Deref, DerefMut},
    sync::Arc,
};
use url::Url;

/// The port on which members listen for their peers.
const PEER_PORT: u16 = 2380;

/// The members of a cluster's etcd.
pub struct EtcdMembers {
    members: Mutex<Vec<MemberState>>,
    log: Arc<ClusterLog>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MemberState {
    id: u64,
    /// Its name; empty until it has started.
    name: String,
    peer_url: String,
    client_urls: Vec<String>,
    learner: bool,
    stage: MemberStage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum MemberStage {
    /// It was added and has not started.
    Announced,
    /// It runs, and is not up to date yet.
    Started,
    /// It serves clients.
    Serving,
    /// It ran and has stopped.
    Down,
}

/// Returns the (retryable) failure of a request that etcd refuses now and may accept later.
fn retryable_refusal(message: &str) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new(FailureCode::Unavailable, format!("etcdserver: {message}"))
    }
}

fn to_log_entry(members: &[MemberState]) -> LogEntry {
    LogEntry::Members(serde_json::to_value(members).unwrap_or_default())
}

/// The locked members. When this is dropped, a change is logged.
struct MembersGuard<'a> {
    before: Vec<MemberState>,
    members: MutexGuard<'a, Vec<MemberState>>,
    log: &'a ClusterLog,
}

impl Deref for MembersGuard<'_> {
    type Target = Vec<MemberState>;

    fn deref(&self) -> &Vec<MemberState> {
        &self.members
    }
}

impl DerefMut for MembersGuard<'_> {
    fn deref_mut(&mut self) -> &mut Vec<MemberState> {
        &mut self.members
    }
}

impl Drop for MembersGuard<'_> {
    fn drop(&mut self) {
        if self.before != *self.members {
            self.log.add(|| to_log_entry(&self.members));
        }
    }
}

impl EtcdMembers {
    /// Returns an etcd without members, whose changes are logged.
    pub fn new(log: Arc<ClusterLog>) -> EtcdMembers {
        EtcdMembers {
            members: Mutex::default(),
            log,
        }
    }

    fn lock(&self) -> MembersGuard<'_> {
        let members = self.members.lock();
        MembersGuard {
            before: members.clone(),
            members,
            log: &self.log,
        }
    }

    /// Returns all members as an entry of the log.
    pub fn to_log_entry(&self) -> LogEntry {
        to_log_entry(&self.lock())
    }

    /// Restores the members of a log entry, with their stages: members of other machines are still
    /// running.
    pub fn restore(&self, logged: &Value) {
        *self.lock() = Vec::deserialize(logged).unwrap_or_default();
    }

    /// Makes a serving member of each Pod of a real etcd, except the Pods at the addresses `own` of
    /// this node. If no Pod is left, an unknown member stands for the others: a cluster has at
    /// least one.
    pub fn import_pods(&self, pods: &[EtcdPod], own: &[IpAddr]) {
        let unknown = EtcdPod {
            name: "etcd-unknown".to_owned(),
            client_urls: vec!["https://unknown.invalid:2379".to_owned()],
        };
        let others = pods.iter().filter(|pod| !listens_at(pod, own));
        let mut members: Vec<MemberState> = others.map(member_of_pod).collect();
        if members.is_empty() {
            members.push(member_of_pod(&unknown));
        }
        *self.lock() = members;
    }
}

/// Whether the member of a Pod listens for clients at one of these addresses.
fn listens_at(pod: &EtcdPod, addresses: &[IpAddr]) -> bool {
    let hosts = pod
        .client_urls
        .iter()
        .filter_map(|url| Url::parse(url).ok());
    hosts
        .filter_map(|url| url.host_str()?.trim_matches(['[', ']']).parse().ok())
        .any(|address| addresses.contains(&address))
}

/// Returns the member of a Pod. kubeadm's members listen for their peers at the host of the first
/// client URL.
fn member_of_pod(pod: &EtcdPod) -> MemberState {
    let peer_url = pod
        .client_urls
        .first()
        .and_then(|url| Some(format!("{}:{PEER_PORT}", url.rsplit_once(':')?.0)))
        .unwrap_or_default();
    MemberState {
        id: member_id(&peer_url, 0),
        name: pod
            .name
            .strip_prefix("etcd-")
            .unwrap_or(&pod.name)
            .to_owned(),
        peer_url,
        client_urls: pod.client_urls.clone(),
        learner: false,
        stage: MemberStage::Serving,
    }
}

/// Returns the id of a member. It differs for each `attempt`, so that a member that is added again
/// can get another id.
fn member_id(peer_url: &str, attempt: usize) -> u64 {
    let digest = crate::text::digest::sha256_hex(format!("{peer_url} {attempt}").as_bytes());
    u64::from_str_radix(&digest[..16], 16).unwrap_or_default()
}

#[cfg(test)]
mod tests;
