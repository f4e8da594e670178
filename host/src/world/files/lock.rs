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
    /// Of an open file description: one of the process would be lost when the file is read and closed. Both keep each other out.
    pub(super) fn lock_within(&self, path: &str, limit: Duration, cancel: &Cancel) -> Tried<Option<OwnedFd>> {
        let whole = libc::flock { l_type: libc::F_WRLCK as i16, l_whence: libc::SEEK_SET as i16, l_start: 0, l_len: 0, l_pid: 0 };
        let (began, failed) = (Instant::now(), |error: io::Error| failed("lock", path, error));
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
                        return Err(Budget::cancelled(&format!("the wait for {path}, which another program has locked")));
                    }
                }
                Err(nix::Error::EAGAIN | nix::Error::EACCES) => {
                    return Err(Failure::new("busy", format!("{path} is locked by another program; let it end, and run this again")));
                }
                Err(errno) => return Err(failed(errno.into())),
            }
        }
    }

    fn is_at(&self, file: &OwnedFd, path: &str) -> bool {
        let identity = |file: &OwnedFd| fs::fstat(file).map(|stat| (stat.st_dev, stat.st_ino));
        self.at(path, OFlags::PATH).and_then(|there| Ok(identity(&there)? == identity(file)?)).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Files;
    use std::thread;

    #[test]
    fn a_lock_keeps_others_out_until_it_is_let_go_and_does_not_hold_a_file_that_was_replaced() {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        assert!(files.lock("/etc/passwd", &Cancel::never()).unwrap().is_none(), "there is nothing to lock");
        files.write("/etc/passwd", b"", 0o644, None).unwrap();
        let held = files.lock("/etc/passwd", &Cancel::never()).unwrap().unwrap();
        files.read("/etc/passwd").unwrap();
        let other = RootedFiles::open(root.path()).unwrap();
        assert_eq!(other.lock_within("/etc/passwd", Duration::ZERO, &Cancel::never()).unwrap_err().code, "busy");
        thread::scope(|scope| {
            let waits = scope.spawn(|| other.lock("/etc/passwd", &Cancel::never()).unwrap().map(|file| other.is_at(&file, "/etc/passwd")));
            files.write("/etc/passwd", b"new", 0o644, None).unwrap();
            drop(held);
            assert_eq!(waits.join().unwrap(), Some(true));
        });
    }

    #[test]
    fn the_end_of_the_run_ends_the_wait_for_a_lock() {
        let root = tempfile::tempdir().unwrap();
        let [files, other] = [(); 2].map(|()| RootedFiles::open(root.path()).unwrap());
        files.write("/etc/passwd", b"", 0o644, None).unwrap();
        let _held = files.lock("/etc/passwd", &Cancel::never()).unwrap().unwrap();
        let cancel = Cancel::new();
        let outcome = thread::scope(|scope| {
            let waits = scope.spawn(|| other.lock_within("/etc/passwd", Duration::from_hours(1), &cancel).map(drop));
            cancel.request();
            waits.join().unwrap()
        });
        assert_eq!(outcome.unwrap_err().code, "cancelled");
    }
}
