//! Content whose digest is verified while it is read.
use crate::oci::sha256::Sha256;
use std::io::{self, Read};

/// Content that is read. The last byte is given only if size and digest are right.
pub struct Blob<R> {
    content: R,
    left: u64,
    hash: Sha256,
    /// the expected digest, hexadecimal
    digest: String,
}

impl<R: Read> Blob<R> {
    /// Returns a reader of content that has to have this size and digest.
    pub fn new(content: R, size: u64, digest: &str) -> Blob<R> {
        Blob {
            content,
            left: size,
            hash: Sha256::new(),
            digest: digest.to_owned(),
        }
    }

    fn refuse(&self, why: &str) -> io::Error {
        let digest = &self.digest;
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("sha256:{digest} {why}; get the file again"),
        )
    }
}

impl<R: Read> Read for Blob<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let read = self.content.read(&mut buffer[..room])?;
        if read == 0 {
            return Err(self.refuse("ends too early"));
        }
        self.hash.update(&buffer[..read]);
        self.left -= read as u64;
        if self.left == 0 && self.hash.clone().finish() != self.digest {
            return Err(self.refuse("is damaged: its content has another digest"));
        }
        Ok(read)
    }
}
