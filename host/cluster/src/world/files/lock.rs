//! Locks on files that other programs change as well.
use super::{RootedFiles, failure::io_failure};
use crate::{
    backoff::{Backoff, NextTry},
    budget::Budget,
    cancel::Cancel,
    world::WorldResult,
};
use kubephase_wit::{Failure, FailureCode};
use nix::{
    fcntl::{FcntlArg, fcntl},
    libc,
};
use rustix::{
    fd::OwnedFd,
    fs::{self, OFlags},
    io::Errno,
};
use std::time::Duration;

/// The longest time that a call waits for a lock that another program holds; then the call fails.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(10);
/// Pause between two attempts to take a lock.
const PAUSE: Duration = Duration::from_millis(50);

/// A write lock on a whole file.
const WHOLE_FILE: libc::flock = libc::flock {
    l_type: libc::F_WRLCK as i16,
    l_whence: libc::SEEK_SET as i16,
    l_start: 0,
    l_len: 0,
    l_pid: 0,
};

impl RootedFiles {
    /// Takes a lock of the open file description (`F_OFD_SETLK`). It also excludes locks of other
    /// processes (`F_SETLK`). Unlike those locks, it is not lost when this process opens the file
    /// again and closes it. `None` if the file does not exist.
    ///
    /// # Errors
    /// `busy` after `limit`, `cancelled` if the run is cancelled before that.
    pub(super) fn lock_within(
        &self,
        path: &str,
        limit: Duration,
        cancel: &Cancel,
    ) -> WorldResult<Option<OwnedFd>> {
        let mut tries = Backoff::constant(PAUSE, limit).start();
        loop {
            let file = match self.open_at(path, OFlags::RDWR) {
                Ok(file) => file,
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(io_failure("lock", path, errno)),
            };
            match fcntl(&file, FcntlArg::F_OFD_SETLK(&WHOLE_FILE)) {
                // The program that held the lock may have put another file in its place.
                Ok(_) if self.is_at(&file, path) => return Ok(Some(file)),
                Ok(_) => {}
                Err(nix::Error::EAGAIN | nix::Error::EACCES) => match tries.wait(cancel) {
                    NextTry::Due => {}
                    NextTry::Cancelled => {
                        return Err(Budget::cancelled_failure(&format!(
                            "the wait for {path}, which another program has locked"
                        )));
                    }
                    NextTry::OutOfTime => {
                        return Err(Failure::new(
                            FailureCode::Busy,
                            format!(
                                "{path} is locked by another program; let it end, and run this \
                                 again"
                            ),
                        ));
                    }
                },
                Err(errno) => return Err(io_failure("lock", path, errno)),
            }
        }
    }

    /// Whether a path still leads to an open file.
    fn is_at(&self, file: &OwnedFd, path: &str) -> bool {
        self.open_at(path, OFlags::PATH)
            .and_then(|found| Ok(file_id(&found)? == file_id(file)?))
            .unwrap_or(false)
    }
}

/// Returns the device and inode number of an open file.
fn file_id(file: &OwnedFd) -> rustix::io::Result<(u64, u64)> {
    fs::fstat(file).map(|stat| (stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests;
