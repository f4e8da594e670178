//! Locks on files that others change as well.
use super::{RootedFiles, failed};
use crate::{
    cancel::Cancel,
    world::{Tried, budget::Budget},
};
use kubephase_wit::Failure;
use nix::{
    fcntl::{FcntlArg, fcntl},
    libc,
};
use rustix::{
    fd::OwnedFd,
    fs::{self, OFlags},
    io::Errno,
};
use std::{
    io,
    time::{Duration, Instant},
};

/// How long somebody else may hold a lock, and how often it is asked for meanwhile.
pub(super) const WAIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

impl RootedFiles {
    /// Of an open file description: one of the process would be lost when the file is read and
    /// closed. Both keep each other out.
    pub(super) fn lock_within(
        &self,
        path: &str,
        limit: Duration,
        cancel: &Cancel,
    ) -> Tried<Option<OwnedFd>> {
        let whole = libc::flock {
            l_type: libc::F_WRLCK as i16,
            l_whence: libc::SEEK_SET as i16,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        let (began, failed) = (Instant::now(), |error: io::Error| {
            failed("lock", path, error)
        });
        loop {
            let file = match self.at(path, OFlags::RDWR) {
                Ok(file) => file,
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(failed(errno.into())),
            };
            match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole)) {
                // Whoever had it may have put another file in its place.
                Ok(_) if self.is_at(&file, path) => return Ok(Some(file)),
                Ok(_) => {}
                Err(nix::Error::EAGAIN | nix::Error::EACCES) if began.elapsed() < limit => {
                    if cancel.wait(PAUSE) {
                        return Err(Budget::cancelled(&format!(
                            "the wait for {path}, which another program has locked"
                        )));
                    }
                }
                Err(nix::Error::EAGAIN | nix::Error::EACCES) => {
                    return Err(Failure::new(
                        "busy",
                        format!(
                            "{path} is locked by another program; let it end, and run this again"
                        ),
                    ));
                }
                Err(errno) => return Err(failed(errno.into())),
            }
        }
    }

    fn is_at(&self, file: &OwnedFd, path: &str) -> bool {
        let identity = |file: &OwnedFd| fs::fstat(file).map(|stat| (stat.st_dev, stat.st_ino));
        self.at(path, OFlags::PATH)
            .and_then(|there| Ok(identity(&there)? == identity(file)?))
            .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
