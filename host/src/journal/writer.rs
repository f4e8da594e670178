//! Writes events into a journal: without secrets, shortened, and up to the limits of a journal.
use super::{Durability, MISSING_LABEL, shares::Shares};
use crate::{
    cancel::Cancel,
    event::{Event, EventKind},
    text::{json, redact},
};
use kubephase_wit::Severity;
use serde_json::Value;
use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

/// The size of a journal, in bytes, from which a run begins no further effects.
const MAX_BYTES: u64 = 64 << 20;
/// The largest size, in bytes, of a line that is not shortened.
const LONG_LINE: usize = 8 << 10;
/// The largest number of bytes that are kept of a text that later runs rely on. A path is never
/// cut: it has at most 4096 bytes.
const MAX_TEXT: usize = 8 << 10;
/// The largest size, in bytes, of the targets that one line announces.
const MAX_TARGETS: usize = 512 << 10;
/// The ways in which long lines with information are shortened: bytes that are kept of a text, and
/// items of a list. The second way is for lines that are still too long after the first.
const SHORTER: [(usize, usize); 2] = [(2 << 10, 32), (256, 16)];

/// The file of a journal, and how much of it is written.
#[derive(Debug)]
pub(super) struct Writer {
    pub path: PathBuf,
    pub file: File,
    pub durability: Durability,
    /// ends the run when the journal can no longer be written, because effects without a record
    /// must not happen
    pub stop: Cancel,
    /// why the journal can no longer be written
    pub failure: Option<String>,
    /// bytes written
    pub size: u64,
    pub shares: Shares,
}

impl Writer {
    /// Writes an event. Syncs it to the disk if the durability asks for it.
    ///
    /// # Errors
    /// The file cannot be written, or an effect begins although the journal is full.
    pub fn append(&mut self, event: &Event) -> io::Result<()> {
        if let EventKind::Intended { phase, targets } = &event.kind
            && targets.len() > 1
            && targets.iter().map(String::len).sum::<usize>() > MAX_TARGETS
        {
            return self.append_in_halves(event.at, phase, targets);
        }
        let is_information = is_information(&event.kind);
        if is_information && self.shares.is_full(event.kind.plugin()) {
            return Ok(());
        }
        let line = self.line(event, is_information)?;
        if is_information {
            return self.append_information(event, &line);
        }
        // Only the beginning of an effect is refused. Its end is always recorded.
        if matches!(event.kind, EventKind::Intended { .. })
            && self.size + line.len() as u64 > MAX_BYTES
        {
            return Err(full_error());
        }
        self.write(&line)?;
        // One call of a phase announces its effects together; the next of them does not begin.
        if matches!(event.kind, EventKind::Effect { .. }) && self.size > MAX_BYTES {
            return Err(full_error());
        }
        if is_boundary(&event.kind) && self.durability == Durability::Power {
            self.file.sync_data()
        } else {
            Ok(())
        }
    }

    /// Announces targets in several lines, since readers of journals refuse a longer line.
    fn append_in_halves(&mut self, at: u64, phase: &str, targets: &[String]) -> io::Result<()> {
        for half in targets.chunks(targets.len().div_ceil(2)) {
            let kind = EventKind::Intended {
                phase: phase.to_owned(),
                targets: half.to_vec(),
            };
            self.append(&Event { at, kind })?;
        }
        Ok(())
    }

    /// Writes the line of an event that is only information. If its origin has no more room, writes
    /// a mark instead.
    fn append_information(&mut self, event: &Event, line: &[u8]) -> io::Result<()> {
        let Err(text) = self.shares.spend(event.kind.plugin(), line.len() as u64) else {
            return self.write(line);
        };
        let kind = EventKind::Message {
            phase: String::new(),
            severity: Severity::Warning,
            label: MISSING_LABEL.to_owned(),
            text,
            plugin: None,
        };
        let mark = self.line(&Event { at: event.at, kind }, true)?;
        self.write(&mark)
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        self.size += line.len() as u64;
        Ok(())
    }

    /// Returns the line of an event, shortened and without secrets.
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
        for (max_text, max_items) in limits.iter().copied() {
            if line.len() <= LONG_LINE {
                break;
            }
            let mut value: Value = serde_json::from_slice(&line)?;
            shorten(&mut value, max_text, max_items);
            line.clear();
            json::write_line(&mut line, &value)?;
        }
        Ok(line)
    }
}

fn full_error() -> io::Error {
    io::Error::other(format!(
        "it has {} MiB, and a run may not have more",
        MAX_BYTES >> 20
    ))
}

/// Whether an event is only information, which no later run relies on.
fn is_information(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::PhaseStarted { .. }
            | EventKind::Message { .. }
            | EventKind::Finding { .. }
            | EventKind::Progress { .. }
            | EventKind::PluginUsed { .. }
    )
}

/// Whether an event has to be on the disk before the run goes on.
fn is_boundary(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::RunStarted { .. }
            | EventKind::Intended { .. }
            | EventKind::Effect { .. }
            | EventKind::PhaseEnded { .. }
            | EventKind::RunEnded { .. }
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
