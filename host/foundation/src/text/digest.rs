//! Digests as text.
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

/// Returns the SHA-256 digest in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}
