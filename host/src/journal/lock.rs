//! Keeps two runs on one node apart.
use crate::world::files::PrivateDirectory;
use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Name of the file in the state directory.
const NAME: &str = "lock";
/// Bytes of a signature, at most.
const MAX_SIGNATURE: u64 = 64 << 10;

/// Held while it lives, and let go by the kernel if the process dies.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// Who holds the lock, as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBy {
    pub pid: u32,
    /// when this process began, as the kernel has it: a later process with the same number began at another time. None in
    /// locks of versions that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<String>,
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
            LockError::Held { path, by: Some(HeldBy { pid, command, .. }) } => {
                write!(f, "another run holds {}: {command} (process {pid}); wait for it or stop it", path.display())
            }
            LockError::Held { path, by: None } => write!(f, "another run holds {}; wait for it or stop it", path.display()),
            LockError::Io { path, error } => write!(f, "cannot lock {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LockError {}

impl RunLock {
    /// Takes the lock of a state directory for `command`. Does not wait.
    ///
    /// # Errors
    /// `Held` with who has it; `Io` where the file cannot be used.
    pub fn acquire(dir: &PrivateDirectory, command: &str) -> Result<RunLock, LockError> {
        let path = dir.path().join(NAME);
        let failed = |error| LockError::Io { path: path.clone(), error };
        let mut file = dir.open_or_create(NAME).map_err(failed)?;
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
        let pid = std::process::id();
        let by = serde_json::to_vec(&HeldBy { pid, began: beginning(pid), command: command.into() })?;
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

/// Who is at work in a state directory, by the signature in the lock, if that very process still lives. Takes nothing, so
/// that looking hinders no run.
pub fn at_work(dir: &Path) -> Option<HeldBy> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(dir.join(NAME)).ok()?;
    let by = holder(&mut file)?;
    let began = by.began.clone()?;
    (beginning(by.pid)? == began).then_some(by)
}

/// When a process that lives began: the start of the machine and the ticks since then.
fn beginning(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything; the start is field 22 of proc(5).
    let ticks = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    let machine = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{} {ticks}", machine.trim()))
}

/// A holder may not have signed yet.
fn holder(file: &mut File) -> Option<HeldBy> {
    let mut text = String::new();
    file.take(MAX_SIGNATURE).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
