//! The output of a program.
use super::run_failure;
use crate::world::WorldResult;
use std::{
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
};

/// The reading end of a pipe that a program writes into, and what was read.
pub(super) struct Pipe {
    /// The pipe; `None` once the other end is closed.
    pub(super) end: Option<File>,
    pub(super) content: Vec<u8>,
}

impl Pipe {
    /// Sets a pipe to reads that do not block. A program without this pipe has `None`.
    pub(super) fn new(end: Option<OwnedFd>, program: &str) -> WorldResult<Pipe> {
        if let Some(end) = &end {
            rustix::io::ioctl_fionbio(end, true).map_err(|error| run_failure(program, error))?;
        }
        Ok(Pipe {
            end: end.map(File::from),
            content: Vec::new(),
        })
    }

    /// Reads what the pipe has now. Returns false if that is more than `room` bytes; `content` then
    /// lacks the rest.
    pub(super) fn read(&mut self, mut room: usize) -> io::Result<bool> {
        let mut chunk = [0; 16 << 10];
        while let Some(end) = &mut self.end {
            match end.read(&mut chunk) {
                Ok(0) => self.end = None,
                Ok(read) if read > room => return Ok(false),
                Ok(read) => {
                    room -= read;
                    self.content.extend_from_slice(&chunk[..read]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
