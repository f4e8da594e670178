//! Records answers of host functions as JSON texts, within a budget. An answer is measured while it
//! is written, so that an answer without room is not copied in memory.
use super::Observation;
use crate::{run::secrets::Secrets, wasm::limits::MAX_CAPSULE, world::WorldResult};
use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, json, ser::Formatter};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
};

/// The only field of an object that represents bytes.
const BYTES: &str = "kubephase:base64";

/// An answer as a JSON text. Bytes in it are base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAnswer(String);

impl RecordedAnswer {
    /// Writes an answer; `None` if it takes more than `limit` bytes.
    fn write(answer: &impl Serialize, limit: usize) -> Option<RecordedAnswer> {
        let mut out = Limited {
            text: Vec::new(),
            limit,
        };
        answer
            .serialize(&mut serde_json::Serializer::with_formatter(
                &mut out,
                Compact { limit, bytes: None },
            ))
            .ok()?;
        String::from_utf8(out.text).ok().map(RecordedAnswer)
    }

    /// Returns the content of the answer: its bytes if it is bytes, otherwise its JSON text.
    pub(super) fn content(&self) -> Cow<'_, [u8]> {
        let encoded = self
            .0
            .strip_prefix(&format!("{{\"{BYTES}\":\""))
            .and_then(|rest| rest.strip_suffix("\"}"));
        match encoded.map(|encoded| BASE64.decode(encoded.as_bytes())) {
            Some(Ok(bytes)) => Cow::Owned(bytes),
            _ => Cow::Borrowed(self.0.as_bytes()),
        }
    }

    /// Blanks the values of secrets.
    pub(super) fn blank(&mut self, secrets: &Secrets) {
        secrets.blank(&mut self.0);
    }

    /// Reads the answer back.
    ///
    /// # Errors
    /// The answer is not of this type.
    pub(super) fn replay<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_value(expand(serde_json::from_str(&self.0)?))
    }
}

impl Serialize for RecordedAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The values of the text would take much more memory than the text.
        serde_transcode::transcode(&mut serde_json::Deserializer::from_str(&self.0), serializer)
    }
}

impl<'de> Deserialize<'de> for RecordedAnswer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = Vec::new();
        serde_transcode::transcode(deserializer, &mut serde_json::Serializer::new(&mut text))
            .map_err(serde::de::Error::custom)?;
        String::from_utf8(text)
            .map(RecordedAnswer)
            .map_err(serde::de::Error::custom)
    }
}

/// Bytes for the other fields of a capsule, among them the message of the failure.
const OTHER_FIELDS: usize = 32 << 10;

/// The observations of a phase so far, and the facts that it asked for.
pub struct Recording {
    pub(super) observations: Vec<Observation>,
    /// by phase and name
    pub(super) facts: BTreeMap<(String, String), String>,
    /// bytes of JSON that still have room
    room: usize,
    /// whether an observation had no room; from then on nothing is recorded
    pub(super) is_full: bool,
}

impl Recording {
    /// Returns an empty recording for a capsule that has `other_bytes` of configuration and
    /// settings.
    pub(super) fn with_other_bytes(other_bytes: usize) -> Recording {
        Recording {
            observations: Vec::new(),
            facts: BTreeMap::new(),
            room: MAX_CAPSULE.saturating_sub(other_bytes + OTHER_FIELDS),
            is_full: false,
        }
    }

    /// Keeps a fact, unless something had no room before.
    pub(super) fn keep_fact(&mut self, phase: &str, name: &str, fact: &str) {
        let key = (phase.to_owned(), name.to_owned());
        if self.is_full || self.facts.contains_key(&key) {
            return;
        }
        let Some(bytes) = RecordedAnswer::write(&(&key, fact), self.room).map(|text| text.0.len())
        else {
            self.is_full = true;
            return;
        };
        self.room -= bytes;
        self.facts.insert(key, fact.to_owned());
    }

    /// Records an answer, unless something had no room before.
    pub(super) fn record<T: Serialize>(
        &mut self,
        call: &str,
        args: Value,
        answer: &WorldResult<T>,
    ) {
        if self.is_full {
            return;
        }
        let limit = self.room;
        let gave = match answer {
            Ok(answer) => RecordedAnswer::write(answer, limit).map(Ok),
            Err(failure) => Some(Err(failure.clone())),
        };
        let Some(gave) = gave else {
            self.is_full = true;
            return;
        };
        let answer_bytes = match &gave {
            Ok(text) => text.0.len(),
            Err(failure) => json_bytes(failure, limit),
        };
        let bytes = answer_bytes
            .saturating_add(json_bytes(&args, limit))
            .saturating_add(call.len() + 64);
        if bytes > limit {
            self.is_full = true;
            return;
        }
        self.room -= bytes;
        self.observations.push(Observation {
            call: call.to_owned(),
            args,
            gave,
        });
    }
}

/// Returns the bytes of a value as JSON, at most `limit`.
fn json_bytes(value: &impl Serialize, limit: usize) -> usize {
    RecordedAnswer::write(value, limit).map_or(limit, |text| text.0.len())
}

/// A text that grows up to a limit.
struct Limited {
    text: Vec<u8>,
    limit: usize,
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        "the answer is larger than what a capsule has room for",
    )
}

impl Write for Limited {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.text.len() + part.len() > self.limit {
            return Err(too_long());
        }
        self.text.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a list of bytes as `{"kubephase:base64": "…"}`. The elements of a list are held back
/// until an element is not a byte, or the list ends.
struct Compact {
    limit: usize,
    /// the bytes of a list whose beginning is not written yet
    bytes: Option<Vec<u8>>,
}

impl Compact {
    /// Writes the beginning of the list that is held back, as an ordinary list.
    fn release<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        let Some(bytes) = self.bytes.take() else {
            return Ok(());
        };
        writer.write_all(b"[")?;
        bytes.iter().try_for_each(|byte| write!(writer, "{byte},"))
    }
}

/// Implements functions that write a value which is not a byte. They first write the list that was
/// held back.
macro_rules! release_before {
    ($($function:ident($($argument:ident: $of:ty)?),)*) => {
        $(fn $function<W: Write + ?Sized>(
            &mut self,
            writer: &mut W
            $(, $argument: $of)?
        ) -> io::Result<()> {
            self.release(writer)?;
            serde_json::ser::CompactFormatter.$function(writer $(, $argument)?)
        })*
    };
}

impl Formatter for Compact {
    release_before! {
        write_null(), write_bool(value: bool), write_i8(value: i8), write_i16(value: i16),
        write_i32(value: i32),
        write_i64(value: i64), write_u16(value: u16), write_u32(value: u32),
        write_u64(value: u64), write_f32(value: f32),
        write_f64(value: f64), write_number_str(value: &str), begin_string(), begin_object(),
    }

    fn write_u8<W: Write + ?Sized>(&mut self, writer: &mut W, value: u8) -> io::Result<()> {
        match &mut self.bytes {
            Some(bytes) if bytes.len() >= self.limit => Err(too_long()),
            Some(bytes) => {
                bytes.push(value);
                Ok(())
            }
            None => serde_json::ser::CompactFormatter.write_u8(writer, value),
        }
    }

    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.release(writer)?;
        self.bytes = Some(Vec::new());
        Ok(())
    }

    fn begin_array_value<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if self.bytes.is_some() || first {
            Ok(())
        } else {
            writer.write_all(b",")
        }
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        match self.bytes.take() {
            None => writer.write_all(b"]"),
            Some(bytes) if bytes.is_empty() => writer.write_all(b"[]"),
            Some(bytes) => write!(writer, "{{\"{BYTES}\":\"{}\"}}", BASE64.encode(&bytes)),
        }
    }
}

/// Turns bytes into lists of numbers again.
fn expand(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            if let (1, Some(text)) = (fields.len(), fields.get(BYTES).and_then(Value::as_str)) {
                return json!(BASE64.decode(text.as_bytes()).unwrap_or_default());
            }
            Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, expand(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(expand).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
