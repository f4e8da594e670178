//! Reads JSON of plugins and API servers within a limit of memory.
//!
//! Values take up to a hundred times the bytes of their text (`{"":0}`), so a text is measured
//! before any value is made of it.
use crate::parallel::fair::{FairTurn, FairTurns};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::{cell::Cell, fmt};

/// Limit of the memory that the values of one document take, in bytes.
pub const MAX_DOCUMENT: usize = 16 << 20;

/// Bytes of the longest text that is read without a turn ([`wait_for_turn`]).
const SMALL: usize = 32 << 10;

// The sizes of values in memory, measured as `serde_json` makes them. A list doubles when it is
// full. An object is a tree: a node has room for eleven fields, and half of the room is used.

/// Bytes of an item of a list.
const ITEM: usize = 2 * size_of::<Value>();
/// Bytes that a list takes at first: the room for four items.
const LIST: usize = 4 * size_of::<Value>();
/// Bytes of a node of an object's tree.
const NODE: usize = 11 * (size_of::<String>() + size_of::<Value>()) + 24;
/// Fields in a node of an object's tree, on average.
const FIELDS: usize = 6;
/// Bytes of a text in addition to its characters.
const TEXT: usize = 16;

thread_local! {
    /// whether this thread holds a turn
    static HAS_TURN: Cell<bool> = const { Cell::new(false) };
}

/// A turn to work on a document. The process works on one large document at a time. A small
/// document needs no turn, nor does a thread that already holds one.
pub struct DocumentTurn(Option<FairTurn<'static>>);

impl Drop for DocumentTurn {
    fn drop(&mut self) {
        if self.0.is_some() {
            HAS_TURN.set(false);
        }
    }
}

/// Waits for a turn to work on a document of `text_bytes` bytes. Turns are shared fairly between
/// plugins; `plugin` is empty for the program itself. Returns `None` if `gives_up` returns true
/// first.
#[must_use]
pub fn wait_for_turn(
    plugin: &str,
    text_bytes: usize,
    gives_up: &dyn Fn() -> bool,
) -> Option<DocumentTurn> {
    static LARGE: FairTurns = FairTurns::new(1, 1);
    if text_bytes <= SMALL || HAS_TURN.get() {
        return Some(DocumentTurn(None));
    }
    let turn = LARGE.wait(plugin, gives_up)?;
    HAS_TURN.set(true);
    Some(DocumentTurn(Some(turn)))
}

/// Reads a document.
///
/// # Errors
/// The text is not JSON of this type, or its values would take more than [`MAX_DOCUMENT`].
pub fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    read_within(text, MAX_DOCUMENT)
}

/// Reads a document whose values take at most `limit` bytes of memory.
///
/// # Errors
/// The text is not JSON of this type, or its values would take more ([`is_too_large`]).
pub fn read_within<T: DeserializeOwned>(text: &str, limit: usize) -> serde_json::Result<T> {
    measure(text, limit)?;
    serde_json::from_str(text)
}

/// Returns roughly how many bytes of memory the values of a text would take. The text may have
/// several documents, one after the other.
///
/// # Errors
/// The text is not JSON, or its values would take more than `limit` ([`is_too_large`]).
pub fn measure(text: &str, limit: usize) -> serde_json::Result<usize> {
    let mut counter = MemoryCounter { bytes: 0, limit };
    let mut documents = serde_json::Deserializer::from_str(text);
    // `end` succeeds when only white space is left.
    while documents.end().is_err() {
        counter.deserialize(&mut documents)?;
    }
    Ok(counter.bytes)
}

/// Whether [`measure`] or [`read_within`] refused a text because its values would take too much
/// memory. Correct only for [`measure`] and for `read_within::<Value>`: for other types, a value of
/// a wrong type gives true as well.
pub fn is_too_large(error: &serde_json::Error) -> bool {
    error.is_data()
}

/// Returns roughly how many bytes of memory a value takes.
pub fn memory(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => TEXT + text.len(),
        Value::Array(items) => LIST + items.iter().map(|item| ITEM + memory(item)).sum::<usize>(),
        Value::Object(fields) => {
            let nodes = fields.len().div_ceil(FIELDS) * NODE;
            let fields = fields.iter();
            nodes
                + fields
                    .map(|(name, value)| TEXT + name.len() + memory(value))
                    .sum::<usize>()
        }
    }
}

/// A counter of the memory that the values read so far would take.
struct MemoryCounter {
    bytes: usize,
    limit: usize,
}

impl MemoryCounter {
    fn add<E: serde::de::Error>(&mut self, bytes: usize) -> Result<(), E> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limit {
            Err(E::custom(format_args!(
                "its values take more than {} bytes of memory",
                self.limit
            )))
        } else {
            Ok(())
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut MemoryCounter {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut MemoryCounter {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.add(TEXT + text.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.add(LIST)?;
        while items.next_element_seed(&mut *self)?.is_some() {
            self.add(ITEM)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = 0;
        while fields.next_key_seed(&mut *self)?.is_some() {
            if seen % FIELDS == 0 {
                self.add(NODE)?;
            }
            seen += 1;
            fields.next_value_seed(&mut *self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
