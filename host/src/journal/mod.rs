//! Journals: the durable record of a run's events. A journal is a file of JSON lines that is only
//! appended to. Each event of an effect is on the disk before the next effect begins. Journals hold
//! no secrets: tokens and keys in messages are blanked.
//!
//! A run keeps the newest 50 journals, up to 256 MiB in total. It also keeps each older journal
//! that records something that is still on the node (`history`). A journal holds at most 16 MiB of
//! messages, findings and progress from the program, 4 MiB from each plugin, and 24 MiB from all
//! plugins (`shares`). At 64 MiB in total the run begins no further effect.

#![allow(
    clippy::disallowed_methods,
    reason = "the journal is the program's own, not the node's"
)]

mod earlier;
mod history;
mod list;
mod lock;
mod reader;
mod runs;
mod shares;
#[cfg(test)]
mod tests;
mod usual;
mod writer;

pub use history::{History, LastEffect};
pub use list::{JournalFile, list_journals};
pub use lock::{Holder, LockError, RunLock, current_holder};
pub use reader::{Damage, ReadError, Record, parse, read_each};
pub use runs::{EarlierRun, runs_of};
pub use usual::usual_durations;

use list::run_number_of;
use shares::Shares;
use writer::Writer;

use crate::cancel::Cancel;
use crate::event::{Event, Subscriber};
use crate::text::json;
use crate::world::files::PrivateDirectory;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Version of the format that this build writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    /// version of the program that wrote the journal
    pub version: String,
    /// Unix seconds at which the run began
    pub began: i64,
}

impl Header {
    /// Returns the header of a journal that this program writes.
    pub fn new(began: i64) -> Self {
        Header {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            began,
        }
    }
}

/// The failure that a journal has to survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The process may end (in a scratch tree).
    Process,
    /// The power may fail: each effect is on the disk before the next begins.
    Power,
}

/// A journal that receives the events of one run. Clones write to one file.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Mutex<Writer>>);

/// The label of the message which says that some messages of the run are missing in the journal. No
/// phase has this label.
pub const MISSING_LABEL: &str = "journal";

impl Journal {
    /// Begins a new journal in a state directory.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn begin(
        dir: &PrivateDirectory,
        header: &Header,
        durability: Durability,
        stop: Cancel,
    ) -> io::Result<Journal> {
        let names = dir
            .names()
            .map_err(|failure| io::Error::other(failure.to_text()))?;
        let latest = names
            .iter()
            .filter_map(|name| run_number_of(Path::new(name)))
            .max();
        let mut number = latest.map_or(1, |number| number.saturating_add(1));
        loop {
            let name = format!("journal-{number:06}.jsonl");
            match dir.create_log(&name) {
                Ok(mut file) => {
                    json::write_line(&mut file, header)?;
                    if durability == Durability::Power {
                        file.sync_all()?;
                        dir.sync()?;
                    }
                    let writer = Writer {
                        path: dir.path().join(name),
                        file,
                        durability,
                        stop,
                        failure: None,
                        size: 0,
                        shares: Shares::default(),
                    };
                    return Ok(Journal(Arc::new(Mutex::new(writer))));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the path of the journal's file.
    pub fn path(&self) -> PathBuf {
        self.writer().path.clone()
    }

    /// Returns the failure after which no event was recorded any more; `None` if there was none.
    /// The failure also cancels the run.
    pub fn failure(&self) -> Option<String> {
        self.writer().failure.clone()
    }

    fn writer(&self) -> parking_lot::MutexGuard<'_, Writer> {
        self.0.lock()
    }
}

impl Subscriber for Journal {
    fn on_event(&mut self, event: &Event) {
        let mut writer = self.writer();
        if writer.failure.is_none()
            && let Err(error) = writer.append(event)
        {
            let next = match error.kind() {
                io::ErrorKind::StorageFull => {
                    "; free space there (`df -h` shows how much is left), and run the same command \
                     again"
                }
                _ => "",
            };
            let failure = format!(
                "cannot write the journal {}: {error}{next}",
                writer.path.display()
            );
            writer.failure = Some(failure);
            writer.stop.request();
        }
    }
}
