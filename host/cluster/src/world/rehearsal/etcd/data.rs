//! The data of the rehearsed etcd. They are in the log of the cluster, so the data directory of a
//! machine holds none. A snapshot has the entries of the log as its database. A database that a run
//! puts into the data directory is what etcd has from its next start on.
use super::retryable_refusal;
use crate::world::{
    TakePart, WorldResult,
    rehearsal::{Rehearsal, persistence::LogEntry},
};
use aws_lc_rs::digest::{SHA256, digest};
use kubephase_wit::{Failure, FailureCode};

/// Size of a disk's block, in bytes: the size of a snapshot without its digest is a multiple of it.
const BLOCK: usize = 512;

/// Size of a part in which a snapshot is sent, in bytes (etcd behaviour).
const PART: usize = 32 << 10;

/// Returns the entries as a database.
pub fn to_database(entries: impl Iterator<Item = LogEntry>) -> Vec<u8> {
    let mut database = Vec::new();
    for entry in entries {
        // All keys are texts, so the entry can always be written as JSON.
        database.extend(serde_json::to_vec(&entry).unwrap_or_default());
        database.push(b'\n');
    }
    let blocks = database.len().div_ceil(BLOCK).max(1);
    database.resize(blocks * BLOCK, b'\n');
    database
}

/// Reads the entries of a database.
///
/// # Errors
/// `invalid` if it is not a database of a rehearsed etcd.
pub fn parse_database(database: &[u8]) -> WorldResult<Vec<LogEntry>> {
    let lines = database.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice(line).map_err(|error| {
                let message = format!("the data are not those of a rehearsed etcd: {error}");
                Failure::new(FailureCode::Invalid, message)
            })
        })
        .collect()
}

impl Rehearsal {
    /// Sends a snapshot of the member that serves clients at a URL.
    ///
    /// # Errors
    /// `not-checked` in a dry run against a real cluster; `unavailable` if no member serves there.
    pub(super) fn send_snapshot(
        &self,
        client_url: &str,
        take: &mut TakePart<'_>,
    ) -> WorldResult<()> {
        let cluster = self.kubelet.cluster();
        if cluster.is_external() {
            let message = "a dry run does not ask a real etcd";
            return Err(Failure::new(FailureCode::NotChecked, message));
        }
        self.kubelet.sync()?;
        if !cluster.etcd.serves_url(client_url) {
            return Err(retryable_refusal(&format!(
                "no member serves at {client_url}"
            )));
        }
        let database = to_database(cluster.entries(self.files.as_ref())?.into_iter());
        let mut remaining = database.len();
        for part in database.chunks(PART) {
            remaining -= part.len();
            take(part, remaining as u64)?;
        }
        take(digest(&SHA256, &database).as_ref(), 0)
    }
}
