//! The members of etcd.
use crate::world::{EtcdMember, WorldResult};
use kubephase_wit::{Failure, FailureCode};

/// The members of etcd.
///
/// Methods fail with `unavailable` (retryable) while etcd cannot be reached or refuses the change.
pub trait Etcd: Send + Sync {
    /// Lists the members.
    fn members(&self) -> WorldResult<Vec<EtcdMember>>;
    /// Adds a member without a vote.
    fn add_learner(&self, peer_url: &str) -> WorldResult<()>;
    /// Gives a learner its vote.
    fn promote(&self, id: u64) -> WorldResult<()>;
    /// Removes a member.
    fn remove(&self, id: u64) -> WorldResult<()>;
    /// Returns how many members are healthy, and how many there are.
    fn health(&self) -> WorldResult<(usize, usize)>;
    /// Whether a member serves clients at this URL.
    fn serves(&self, client_url: &str) -> WorldResult<bool>;
}

/// The etcd of a world without etcd. Every call fails with `not-checked`.
pub struct NoEtcd;

impl NoEtcd {
    fn refuse<T>() -> WorldResult<T> {
        Err(Failure::new(
            FailureCode::NotChecked,
            "this world has no etcd",
        ))
    }
}

impl Etcd for NoEtcd {
    fn members(&self) -> WorldResult<Vec<EtcdMember>> {
        NoEtcd::refuse()
    }

    fn add_learner(&self, _peer_url: &str) -> WorldResult<()> {
        NoEtcd::refuse()
    }

    fn promote(&self, _id: u64) -> WorldResult<()> {
        NoEtcd::refuse()
    }

    fn remove(&self, _id: u64) -> WorldResult<()> {
        NoEtcd::refuse()
    }

    fn health(&self) -> WorldResult<(usize, usize)> {
        NoEtcd::refuse()
    }

    fn serves(&self, _client_url: &str) -> WorldResult<bool> {
        NoEtcd::refuse()
    }
}
