//! Requests that clients written in Go send as protobuf, such as those of `kubectl auth can-i` and
//! `kubectl create namespace`. The answers are JSON, which every client takes.
//!
//! The envelope is that of `k8s.io/apimachinery`: a magic number, and then an `Unknown` with the
//! type and the raw object. `messages` has the field numbers.
mod messages;

use messages::{ENTRY, FieldType, Message, message_of};
use serde_json::{Value, json};

/// The media type of requests in protobuf.
pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// The beginning of every envelope.
const MAGIC: &[u8] = b"k8s\0";

/// Field numbers and bytes of a message.
type Fields<'a> = Vec<(u64, &'a [u8])>;

/// Returns an object as JSON; `None` if it is not in an envelope, or of a kind that is not read
/// here.
pub fn decode(body: &[u8]) -> Option<Value> {
    let envelope = parse_fields(body.strip_prefix(MAGIC)?)?;
    let types = parse_fields(field(&envelope, 1)?)?;
    let api_version = std::str::from_utf8(field(&types, 1)?).ok()?;
    let kind = std::str::from_utf8(field(&types, 2)?).ok()?;
    let raw = field(&envelope, 2).unwrap_or_default();
    let mut object = decode_message(message_of(kind)?, raw)?;
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    Some(object)
}

/// Returns the bytes of the first field with a number.
fn field<'a>(fields: &Fields<'a>, wanted: u64) -> Option<&'a [u8]> {
    fields
        .iter()
        .find(|(number, _)| *number == wanted)
        .map(|(_, bytes)| *bytes)
}

/// Decodes a message. Unknown fields are ignored.
fn decode_message(message: &Message, bytes: &[u8]) -> Option<Value> {
    let mut object = json!({});
    for (number, bytes) in parse_fields(bytes)? {
        let Some((_, name, kind)) = message.0.iter().find(|(known, ..)| *known == number) else {
            continue;
        };
        match kind {
            // An empty text is a text that is not set.
            FieldType::Text if bytes.is_empty() => {}
            FieldType::Text => object[name] = std::str::from_utf8(bytes).ok()?.into(),
            FieldType::Message(message) => object[name] = decode_message(message, bytes)?,
            FieldType::Map => {
                let entry = decode_message(&ENTRY, bytes)?;
                object[name][entry["key"].as_str()?] =
                    entry["value"].as_str().unwrap_or_default().into();
            }
        }
    }
    Some(object)
}

/// Returns the fields of a message that have a length: texts, messages and maps. Fields that are
/// numbers are left out.
fn parse_fields(mut bytes: &[u8]) -> Option<Fields<'_>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = take_varint(&mut bytes)?;
        match key & 7 {
            0 => drop(take_varint(&mut bytes)?),
            1 => bytes = bytes.get(8..)?,
            2 => {
                let length = usize::try_from(take_varint(&mut bytes)?).ok()?;
                found.push((key >> 3, bytes.get(..length)?));
                bytes = &bytes[length..];
            }
            5 => bytes = bytes.get(4..)?,
            _ => return None,
        }
    }
    Some(found)
}

/// Takes a variable-length number from the beginning of the bytes.
fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
