//! A snapshot of a member's data, as `etcdctl snapshot save` writes it: the database, followed by
//! the SHA-256 of the database.
use super::leftovers::remove_leftovers;
use crate::world::{Etcd, Files, PartWriter, WorldResult, files::unfinished_name};
use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use kubephase_wit::{Failure, FailureCode};

/// Bytes of the largest snapshot that is read: eight times the largest quota that etcd advises.
pub const MAX_SNAPSHOT: u64 = 64 << 30;

/// Mode of files with the data of etcd, which has the secrets of the cluster.
const PRIVATE: u32 = 0o600;

/// Saves a snapshot of the member that serves clients at a URL. Only a complete and verified
/// snapshot gets its name. What killed runs left of theirs is removed. Returns its size in bytes.
///
/// # Errors
/// `no-space`; `limit` if the snapshot is longer than 64 GiB; `invalid` if the member does not send
/// a whole snapshot; or the failure to read the snapshot or to write the file.
pub fn save_snapshot(
    etcd: &dyn Etcd,
    client_url: &str,
    files: &dyn Files,
    path: &str,
) -> WorldResult<u64> {
    if let Some((directory, name)) = path.rsplit_once('/') {
        remove_leftovers(files, &format!("{directory}/{}", unfinished_name(name)))?;
    }
    let mut bytes = 0;
    files.write_in_parts(path, PRIVATE, &mut |writer| {
        bytes = read_verified(etcd, client_url, writer, Digest::Kept)?;
        Ok(())
    })?;
    Ok(bytes)
}

/// Writes the database of the member that serves clients at a URL, without the digest.
///
/// # Errors
/// The errors of [`save_snapshot`].
pub(super) fn save_database(
    etcd: &dyn Etcd,
    client_url: &str,
    files: &dyn Files,
    path: &str,
) -> WorldResult<()> {
    files.write_in_parts(path, PRIVATE, &mut |writer| {
        read_verified(etcd, client_url, writer, Digest::Dropped).map(drop)
    })
}

/// Whether the digest at the end of a snapshot is kept in the file, or cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digest {
    Kept,
    Dropped,
}

/// Reads a snapshot into a file, and verifies it. Returns the number of bytes that were written.
fn read_verified(
    etcd: &dyn Etcd,
    client_url: &str,
    writer: &mut dyn PartWriter,
    digest: Digest,
) -> WorldResult<u64> {
    let mut reader = SnapshotReader::new(client_url);
    etcd.snapshot(client_url, &mut |part, remaining| {
        reader.take(part, remaining, writer)
    })?;
    let verified = reader.finish()?;
    if digest == Digest::Kept {
        writer.write(&verified.digest)?;
        return Ok(verified.bytes + SHA256_OUTPUT_LEN as u64);
    }
    Ok(verified.bytes)
}

/// A reader of a snapshot. It holds the last bytes back until the end, because they are the digest
/// of the bytes before them.
struct SnapshotReader<'a> {
    client_url: &'a str,
    hash: Context,
    /// the last bytes that were read, at most as many as a digest has
    last: Vec<u8>,
    /// number of bytes of the database that were written
    bytes: u64,
    has_reserved: bool,
}

/// A snapshot whose digest is right.
struct Verified {
    digest: Vec<u8>,
    bytes: u64,
}

impl SnapshotReader<'_> {
    fn new(client_url: &str) -> SnapshotReader<'_> {
        SnapshotReader {
            client_url,
            hash: Context::new(&SHA256),
            last: Vec::new(),
            bytes: 0,
            has_reserved: false,
        }
    }

    /// Takes a part. `remaining` is the number of bytes of the database that follow it.
    fn take(
        &mut self,
        part: &[u8],
        remaining: u64,
        writer: &mut dyn PartWriter,
    ) -> WorldResult<()> {
        let known = (self.bytes + part.len() as u64).saturating_add(remaining);
        if known > MAX_SNAPSHOT {
            return Err(Failure::new(
                FailureCode::Limit,
                format!(
                    "the snapshot of etcd at {} is longer than {MAX_SNAPSHOT} bytes",
                    self.client_url
                ),
            ));
        }
        if !std::mem::replace(&mut self.has_reserved, true) {
            // A disk that is too small is found before gigabytes are written.
            writer.reserve(known.saturating_add(SHA256_OUTPUT_LEN as u64))?;
        }
        self.last.extend_from_slice(part);
        let database = self.last.len().saturating_sub(SHA256_OUTPUT_LEN);
        let held_back = self.last.split_off(database);
        let database = std::mem::replace(&mut self.last, held_back);
        self.hash.update(&database);
        self.bytes += database.len() as u64;
        writer.write(&database)
    }

    /// Verifies the digest.
    ///
    /// # Errors
    /// `invalid` (retryable) if the digest is not that of the database.
    fn finish(self) -> WorldResult<Verified> {
        if self.bytes == 0 || self.hash.finish().as_ref() != self.last.as_slice() {
            return Err(Failure {
                retryable: true,
                ..Failure::new(
                    FailureCode::Invalid,
                    format!(
                        "the snapshot of etcd at {} is damaged or not complete: its last {} bytes \
                         are not the SHA-256 of what comes before",
                        self.client_url, SHA256_OUTPUT_LEN
                    ),
                )
            });
        }
        Ok(Verified {
            digest: self.last,
            bytes: self.bytes,
        })
    }
}
