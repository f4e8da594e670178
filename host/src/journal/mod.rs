//! Journals: the durable record of a run's events. A journal is a file of JSON lines that is only
//! appended to. Each event of an effect is on the disk before the next effect begins. Journals hold
//! no secrets: tokens and keys in messages are blanked.
//!
//! The newest 50 journals are kept, up to 256 MiB, and every older journal that records something
//! which is still on the node (`history`). A run writes at most 16 MiB of information (messages,
//! findings, progress) of the program, and 4 MiB of each plugin (`shares`). It stops at 64 MiB in
//! total.

#![allow(
    clippy::disallowed_methods,
    reason = "the journal is the program's own, not the node's"
)]

mod earlier;
mod history;
mod list;
mod lock;
mod reader;
mod shares;
#[cfg(test)]
mod tests;

pub use history::History;
pub use list::{JournalFile, list_journals};
pub use lock::{Holder, LockError, RunLock, current_holder};
pub use reader::{Damage, ReadError, Record, parse, read};

use list::number;
use shares::Shares;

use crate::cancel::Cancel;
use crate::event::{Event, EventKind, Subscriber};
use crate::text::{json, redact};
use crate::world::files::PrivateDirectory;
use kubephase_wit::Severity;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Version of the format that this build writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    /// version of the program that wrote it
    pub version: String,
    /// Unix seconds at which the run began
    pub began: i64,
}

impl Header {
    /// The header of a journal that this program writes.
    pub fn new(began: i64) -> Self {
        Header {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            began,
        }
    }
}

/// The event that a journal has to survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// the end of the process (in a scratch tree)
    Process,
    /// a power cut: each effect is on the disk before the next begins
    Power,
}

/// A journal that the events of one run are written to. Clones write to one file.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Mutex<Writer>>);

#[derive(Debug)]
struct Writer {
    path: PathBuf,
    file: File,
    durability: Durability,
    /// ends the run when the journal can no longer be written, because effects without a record
    /// must not happen
    stop: Cancel,
    /// why the journal can no longer be written
    failure: Option<String>,
    /// bytes written
    size: u64,
    shares: Shares,
}

/// The label of a message by which a journal says that it does not have all information of its run.
/// No phase has this label.
pub const MARK: &str = "journal";
/// Bytes of a journal from which on a run begins no further effects.
const MAX_BYTES: u64 = 64 << 20;
/// Bytes of a line that is not shortened.
const LONG_LINE: usize = 8 << 10;
/// Bytes that are kept of a text that later runs rely on. No path is cut: a path has at most 4096
/// bytes.
const MAX_TEXT: usize = 8 << 10;
/// Bytes of the targets that one line announces.
const MAX_TARGETS: usize = 512 << 10;
/// The ways in which long lines with information are shortened: bytes that are kept of a text, and
/// items of a list. The second way is for lines that are still too long after the first.
const SHORTER: [(usize, usize); 2] = [(2 << 10, 32), (256, 16)];

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
            .filter_map(|name| number(Path::new(name)))
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
                    let path = dir.path().join(name);
                    let writer = Writer {
                        path,
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

    /// The path of the journal's file.
    pub fn path(&self) -> PathBuf {
        self.writer().path.clone()
    }

    /// Returns why events are no longer recorded; none while they are. The run was cancelled at
    /// that moment.
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
            let failure = format!(
                "cannot write the journal {}: {error}",
                writer.path.display()
            );
            writer.failure = Some(failure);
            writer.stop.request();
        }
    }
}

impl Writer {
    /// Writes an event, and brings it to the disk if the durability wants it.
    fn append(&mut self, event: &Event) -> io::Result<()> {
        if let EventKind::Intended { phase, targets } = &event.kind
            && targets.len() > 1
            && targets.iter().map(String::len).sum::<usize>() > MAX_TARGETS
        {
            // The line would be longer than readers of journals accept, so it is split.
            return targets
                .chunks(targets.len().div_ceil(2))
                .try_for_each(|part| {
                    let what = EventKind::Intended {
                        phase: phase.clone(),
                        targets: part.to_vec(),
                    };
                    self.append(&Event {
                        at: event.at,
                        kind: what,
                    })
                });
        }
        let is_information = is_information(&event.kind);
        let origin = event.kind.plugin();
        if is_information && self.shares.is_full(origin) {
            return Ok(());
        }
        let line = self.line(event, is_information)?;
        if is_information && let Err(text) = self.shares.spend(origin, line.len() as u64) {
            let what = EventKind::Message {
                phase: String::new(),
                severity: Severity::Warning,
                label: MARK.to_owned(),
                text,
                plugin: None,
            };
            let mark = self.line(
                &Event {
                    at: event.at,
                    kind: what,
                },
                true,
            )?;
            return self.write(&mark);
        }
        // Only the beginning of an effect is refused. Its end is always recorded.
        let full = || {
            io::Error::other(format!(
                "it has {} MiB, and a run may not have more",
                MAX_BYTES >> 20
            ))
        };
        if matches!(event.kind, EventKind::Intended { .. })
            && self.size + line.len() as u64 > MAX_BYTES
        {
            return Err(full());
        }
        self.write(&line)?;
        // One call of a phase announces its effects together; the next of them does not begin.
        if matches!(event.kind, EventKind::Effect { .. }) && self.size > MAX_BYTES {
            return Err(full());
        }
        let boundary = matches!(
            event.kind,
            EventKind::RunStarted { .. }
                | EventKind::Intended { .. }
                | EventKind::Effect { .. }
                | EventKind::PhaseEnded { .. }
                | EventKind::RunEnded { .. }
        );
        if boundary && self.durability == Durability::Power {
            self.file.sync_data()
        } else {
            Ok(())
        }
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        self.size += line.len() as u64;
        Ok(())
    }

    /// Writes the line of an event: without secrets, and shortened.
    fn line(&self, event: &Event, is_information: bool) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        json::write_line(&mut line, event)?;
        // JSON escapes never occur within a secret, so the text of the line tells whether it may
        // hold secrets. Few lines do.
        if redact::may_hold_secrets(&line) {
            let mut value = serde_json::to_value(event)?;
            redact::blank(&mut value);
            line.clear();
            json::write_line(&mut line, &value)?;
        }
        let limits = if is_information {
            &SHORTER[..]
        } else {
            &[(MAX_TEXT, usize::MAX)]
        };
        for (text, items) in limits.iter().copied() {
            if line.len() <= LONG_LINE {
                break;
            }
            let mut value: Value = serde_json::from_slice(&line)?;
            shorten(&mut value, text, items);
            line.clear();
            json::write_line(&mut line, &value)?;
        }
        Ok(line)
    }
}

/// Whether an event is only information, which no later run relies on.
fn is_information(what: &EventKind) -> bool {
    matches!(
        what,
        EventKind::PhaseStarted { .. }
            | EventKind::Message { .. }
            | EventKind::Finding { .. }
            | EventKind::Progress { .. }
            | EventKind::PluginUsed { .. }
    )
}

/// Cuts long texts and lists. A text that was cut ends with a mark.
fn shorten(value: &mut Value, max_text: usize, max_items: usize) {
    match value {
        Value::String(text) if text.len() > max_text => {
            let end = text.floor_char_boundary(max_text);
            let cut = text.len() - end;
            text.truncate(end);
            text.push_str(&format!("… ({cut} bytes more)"));
        }
        Value::Array(items) => {
            items.truncate(max_items);
            items
                .iter_mut()
                .for_each(|item| shorten(item, max_text, max_items));
        }
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| shorten(field, max_text, max_items)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
