//! The members of etcd.
use crate::world::{EtcdMember, WorldResult};
use kubephase_wit::{Failure, FailureCode};

/// Takes a part of a snapshot, with the number of bytes of the database that follow it.
pub type TakePart<'a> = dyn FnMut(&[u8], u64) -> WorldResult<()> + 'a;

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
    /// Reads a snapshot of the member that serves clients at this URL: its database, then the
    /// SHA-256 of the database (32 bytes). Each part goes to `take`, which verifies it.
    ///
    /// # Errors
    /// `unavailable` (retryable) if the member does not send it, also if it sends nothing for 30
    /// seconds; the failure of `take`.
    fn snapshot(&self, client_url: &str, take: &mut TakePart<'_>) -> WorldResult<()>;
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

    fn snapshot(&self, _client_url: &str, _take: &mut TakePart<'_>) -> WorldResult<()> {
        NoEtcd::refuse()
    }
}
