//! A change of a configuration and of its lock as one step, which concurrent commands take one after the other.
//!
//! Slow work (a download, a compilation) is done before. The lock is written before the configuration: if the program is
//! killed in between, an entry that is new is not yet there and one that changed is refused, because the lock names another
//! source or signer, with the command that repairs it.
#![allow(clippy::disallowed_methods, reason = "these are the operator's files, not the node's")]
use super::{entry::Edit, lock::Lock};
use crate::config::{self, PhaseConfiguration};
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

/// The file beside the lock that the command holds which changes the lock. It goes with the command.
const FILE: &str = ".kubephase.lock.held";
/// How long a command waits for others. Each of them takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The configuration and the lock as they are while no other command changes them.
pub struct Transaction {
    pub phases: PhaseConfiguration,
    pub lock: Lock,
    _turn: Turn,
}

impl Transaction {
    /// Waits until no other command changes the configuration or its lock, and reads both.
    ///
    /// # Errors
    /// If another command does not end, or a file cannot be read.
    pub fn begin(config: &Path) -> Result<Transaction> {
        let folder = config.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let turn = Turn::take(&folder.join(FILE))?;
        Ok(Transaction { phases: config::phases_of_file(config)?, lock: Lock::beside(config)?, _turn: turn })
    }

    /// Writes the lock, then the configuration where that changes.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn commit(self, edit: Option<Edit>) -> Result<()> {
        self.lock.write()?;
        edit.map_or(Ok(()), Edit::write)
    }
}

/// The turn of this command.
struct Turn {
    path: PathBuf,
    _file: File,
}

impl Turn {
    fn take(path: &Path) -> Result<Turn> {
        let began = Instant::now();
        loop {
            if let Some(file) = Turn::attempt(path).with_context(|| format!("cannot lock {}", path.display()))? {
                return Ok(Turn { path: path.to_owned(), _file: file });
            }
            if began.elapsed() > PATIENCE {
                bail!("another kubephase holds {} and does not end; end it and run the command again", path.display());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// None while another command holds the file.
    fn attempt(path: &Path) -> io::Result<Option<File>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).mode(0o600).custom_flags(flags.bits().cast_signed()).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            done => done?,
        }
        // The command before may have removed the file after this one opened it.
        let held = file.metadata()?;
        let is_same = fs::symlink_metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (held.dev(), held.ino()));
        Ok(is_same.then_some(file))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A file that stays is taken by the next command.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    #[test]
    fn one_command_at_a_time_has_its_turn_and_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        // As a command leaves it that was killed.
        fs::write(&path, "").unwrap();
        let at_work = Arc::new(AtomicUsize::new(0));
        let commands: Vec<_> = (0..8)
            .map(|_| {
                let (path, at_work) = (path.clone(), at_work.clone());
                thread::spawn(move || {
                    for _ in 0..20 {
                        let turn = Turn::take(&path).unwrap();
                        assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0);
                        at_work.fetch_sub(1, Ordering::SeqCst);
                        drop(turn);
                    }
                })
            })
            .collect();
        commands.into_iter().for_each(|command| command.join().unwrap());
        assert!(!path.exists());
    }
}
