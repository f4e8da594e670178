//! A change of a configuration and of its lock as one step. Concurrent commands take such steps one
//! after the other.
//!
//! Slow work (a download, a compilation) is done before the step. The lock is written before the
//! configuration. If the program is killed in between, a new entry is missing in the configuration,
//! and a changed entry is still the old one. An old entry is refused, because the lock names
//! another source or signer; the message has the command that repairs it.
#![allow(
    clippy::disallowed_methods,
    reason = "these are the operator's files, not the node's"
)]
use super::{entry::Edit, lock::Lock};
use crate::config::{self, PhaseConfiguration, lock_folder};
use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, OFlags, flock};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// The file beside the lock that a command holds while it changes the lock. The command removes it
/// at its end.
const HELD_FILE: &str = ".kubephase.lock.held";
/// The longest time that a command waits for other commands, each of which takes milliseconds.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The configuration and the lock, which no other command changes meanwhile.
pub struct Transaction {
    pub phases: PhaseConfiguration,
    pub lock: Lock,
    _hold: HeldFile,
}

impl Transaction {
    /// Waits until no other command changes the configuration or its lock, and reads both.
    ///
    /// # Errors
    /// Another command does not end within a minute, or a file cannot be read.
    pub fn begin(config: &Path) -> Result<Transaction> {
        let hold = HeldFile::wait(&lock_folder(config).join(HELD_FILE))?;
        Ok(Transaction {
            phases: config::read_phase_configuration(config)?,
            lock: Lock::read_beside(config)?,
            _hold: hold,
        })
    }

    /// Writes the lock, then the configuration if it changes.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn commit(self, edit: Option<Edit>) -> Result<()> {
        self.lock.write()?;
        if let Some(edit) = edit {
            edit.write()?;
        }
        Ok(())
    }
}

/// The file that this command holds. Other commands wait until it is dropped.
struct HeldFile {
    path: PathBuf,
    _file: File,
}

impl HeldFile {
    /// Waits until no other command holds the file.
    fn wait(path: &Path) -> Result<HeldFile> {
        let began = Instant::now();
        loop {
            if let Some(file) = HeldFile::attempt(path)
                .with_context(|| format!("cannot lock {}", path.display()))?
            {
                return Ok(HeldFile {
                    path: path.to_owned(),
                    _file: file,
                });
            }
            if began.elapsed() > MAX_WAIT {
                bail!(
                    "another kubephase holds {} and does not end; end it and run the command again",
                    path.display()
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Takes the file; `None` if another command holds it.
    fn attempt(path: &Path) -> io::Result<Option<File>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut options = File::options();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            outcome => outcome?,
        }
        // The previous command may have removed the file after this command opened it.
        let held = file.metadata()?;
        let is_same = fs::symlink_metadata(path)
            .is_ok_and(|current| (current.dev(), current.ino()) == (held.dev(), held.ino()));
        Ok(is_same.then_some(file))
    }
}

impl Drop for HeldFile {
    fn drop(&mut self) {
        // If the file cannot be removed, the next command uses it.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests;
