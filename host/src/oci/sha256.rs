//! A SHA-256 of content that is too long for memory.
use aws_lc_rs::digest::{self, SHA256};
use data_encoding::HEXLOWER;

/// A SHA-256 that is computed piece by piece.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Begins a digest.
    pub fn new() -> Sha256 {
        Sha256(digest::Context::new(&SHA256))
    }

    /// Adds a piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Returns the hexadecimal digest.
    pub fn finish(self) -> String {
        HEXLOWER.encode(self.0.finish().as_ref())
    }
}

impl Default for Sha256 {
    fn default() -> Sha256 {
        Sha256::new()
    }
}
