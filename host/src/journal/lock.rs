//! The lock that prevents two runs on a node at a time.
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
/// The largest size of the holder's record that is read, in bytes.
const MAX_RECORD: u64 = 64 << 10;

/// The lock of a run. Dropping it releases the lock; the kernel releases the lock if the process
/// dies.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// The process that holds the lock, as it recorded itself in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// the time at which the process began (see `start_of_process`), which tells it from a later
    /// process with the same number; `None` in locks of older versions
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<String>,
    /// the command line of the run
    pub command: String,
}

/// The reason why a lock cannot be taken.
#[derive(Debug)]
pub enum LockError {
    Held { path: PathBuf, by: Option<Holder> },
    Io { path: PathBuf, error: io::Error },
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockError::Held {
                path,
                by: Some(Holder { pid, command, .. }),
            } => {
                write!(
                    f,
                    "another run holds {}: {command} (process {pid}); wait for it or stop it",
                    path.display()
                )
            }
            LockError::Held { path, by: None } => write!(
                f,
                "another run holds {}; wait for it or stop it",
                path.display()
            ),
            LockError::Io { path, error } => write!(f, "cannot lock {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LockError {}

impl LockError {
    fn io(path: &Path, error: io::Error) -> Self {
        LockError::Io {
            path: path.to_owned(),
            error,
        }
    }
}

impl RunLock {
    /// Takes the lock of a state directory for `command`. Does not wait.
    ///
    /// # Errors
    /// `Held` if another run holds the lock; `Io` if the file cannot be used.
    pub fn acquire(dir: &PrivateDirectory, command: &str) -> Result<RunLock, LockError> {
        let path = dir.path().join(NAME);
        let mut file = dir
            .open_or_create(NAME)
            .map_err(|error| LockError::io(&path, error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockError::Held {
                    by: read_holder(&mut file),
                    path,
                });
            }
            Err(error) => return Err(LockError::io(&path, error.into())),
        }
        let mut lock = RunLock { file };
        lock.record_holder(command)
            .map_err(|error| LockError::io(&path, error))?;
        Ok(lock)
    }

    /// Records this process as the holder.
    fn record_holder(&mut self, command: &str) -> io::Result<()> {
        let pid = std::process::id();
        let record = serde_json::to_vec(&Holder {
            pid,
            began: start_of_process(pid),
            command: command.into(),
        })?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&record)
    }
}

impl Drop for RunLock {
    /// Empties the file. The file stays, because removing it would let a third run lock a new file
    /// of its name.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

/// Returns the process that holds the lock of a state directory; `None` if the lock is free, or a
/// version that does not record `began` holds it. Does not take the lock, so that a run that begins
/// meanwhile is not refused.
pub fn current_holder(dir: &Path) -> Option<Holder> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(dir.join(NAME))
        .ok()?;
    let holder = read_holder(&mut file)?;
    let began = holder.began.clone()?;
    (start_of_process(holder.pid)? == began).then_some(holder)
}

/// Returns when a living process began: the id of the machine's boot and the clock ticks since
/// then.
fn start_of_process(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may contain any character. The
    // start is field 22 of proc(5).
    let ticks = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    let machine = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{} {ticks}", machine.trim()))
}

/// Reads the holder's record; `None` if the holder has not written it yet.
fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(MAX_RECORD).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
