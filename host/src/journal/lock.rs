//! Keeps two runs on one node apart.
use rustix::{
    fs::{FlockOperation, flock},
    process,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Held while it lives, and let go by the kernel if the process dies.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// Who holds the lock, as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBy {
    pub pid: u32,
    pub command: String,
}

#[derive(Debug)]
pub enum LockError {
    Held { path: PathBuf, by: Option<HeldBy> },
    Io { path: PathBuf, error: io::Error },
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockError::Held { path, by: Some(HeldBy { pid, command }) } => {
                write!(f, "another run holds {}: {command} (process {pid}); wait for it or stop it", path.display())
            }
            LockError::Held { path, by: None } => write!(f, "another run holds {}; wait for it or stop it", path.display()),
            LockError::Io { path, error } => write!(f, "cannot lock {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LockError {}

impl RunLock {
    /// Takes the lock of this state directory for `command`, or says who has it. Does not wait.
    pub fn acquire(dir: &Path, command: &str) -> Result<RunLock, LockError> {
        let path = dir.join("lock");
        let failed = |error| LockError::Io { path: path.clone(), error };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(LockError::Held { by: holder(&mut file), path }),
            Err(error) => return Err(failed(error.into())),
        }
        let mut lock = RunLock { file };
        lock.sign(command).map_err(failed)?;
        Ok(lock)
    }

    fn sign(&mut self, command: &str) -> io::Result<()> {
        let by = serde_json::to_vec(&HeldBy { pid: std::process::id(), command: command.into() })?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&by)
    }
}

impl Drop for RunLock {
    /// The file stays, empty: removing it would let a third run lock another file of the same name.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

/// Who is at work in this state directory, by the signature in the lock and whether that process lives. Takes nothing, so
/// that looking hinders no run.
pub fn at_work(dir: &Path) -> Option<HeldBy> {
    let by = holder(&mut File::open(dir.join("lock")).ok()?)?;
    let pid = process::Pid::from_raw(by.pid.try_into().ok()?)?;
    let lives = matches!(process::test_kill_process(pid), Ok(()) | Err(rustix::io::Errno::PERM));
    lives.then_some(by)
}

/// A holder may not have signed yet.
fn holder(file: &mut File) -> Option<HeldBy> {
    let mut text = String::new();
    file.take(64 * 1024).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
