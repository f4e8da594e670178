//! Requests that clients of Go send as protobuf: `kubectl auth can-i` and `kubectl create
//! namespace` among them. Answers are JSON all the same, which every client takes.
//!
//! Source: the envelope of `k8s.io/apimachinery` (magic, then an `Unknown` with the type and the
//! raw object), and the field numbers of the messages below.
use serde_json::{Value, json};

pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
const MAGIC: &[u8] = b"k8s\0";

/// Field numbers and names of a message.
struct Message(&'static [(u64, &'static str, Kind)]);

enum Kind {
    Text,
    Of(&'static Message),
    /// a map from text to text
    Map,
}

const META: Message = Message(&[
    (1, "name", Kind::Text),
    (2, "generateName", Kind::Text),
    (3, "namespace", Kind::Text),
    (11, "labels", Kind::Map),
    (12, "annotations", Kind::Map),
]);
const RESOURCE: Message = Message(&[
    (1, "namespace", Kind::Text),
    (2, "verb", Kind::Text),
    (3, "group", Kind::Text),
    (4, "version", Kind::Text),
    (5, "resource", Kind::Text),
    (6, "subresource", Kind::Text),
    (7, "name", Kind::Text),
]);
const PATH: Message = Message(&[(1, "path", Kind::Text), (2, "verb", Kind::Text)]);
const ACCESS: Message = Message(&[
    (1, "resourceAttributes", Kind::Of(&RESOURCE)),
    (2, "nonResourceAttributes", Kind::Of(&PATH)),
]);
const ACCESS_REVIEW: Message = Message(&[
    (1, "metadata", Kind::Of(&META)),
    (2, "spec", Kind::Of(&ACCESS)),
]);
const NAMED: Message = Message(&[(1, "metadata", Kind::Of(&META))]);
const CONFIG_MAP: Message = Message(&[(1, "metadata", Kind::Of(&META)), (2, "data", Kind::Map)]);

/// The object as JSON; none where it is no such envelope, or of a kind that is not read here.
pub fn decode(body: &[u8]) -> Option<Value> {
    let envelope = fields(body.strip_prefix(MAGIC)?)?;
    let bytes = |wanted: u64| {
        envelope
            .iter()
            .find(|(number, _)| *number == wanted)
            .map(|(_, bytes)| *bytes)
    };
    let types = fields(bytes(1)?)?;
    let text = |wanted: u64| {
        types
            .iter()
            .find(|(number, _)| *number == wanted)
            .and_then(|(_, bytes)| std::str::from_utf8(bytes).ok())
    };
    let (api_version, kind) = (text(1)?, text(2)?);
    let message = match kind {
        "SelfSubjectAccessReview" => &ACCESS_REVIEW,
        "SelfSubjectReview" | "Namespace" | "ServiceAccount" => &NAMED,
        "ConfigMap" => &CONFIG_MAP,
        _ => return None,
    };
    let mut object = read(message, bytes(2).unwrap_or_default())?;
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    Some(object)
}

fn read(message: &Message, bytes: &[u8]) -> Option<Value> {
    let mut object = json!({});
    for (number, bytes) in fields(bytes)? {
        let Some((_, name, kind)) = message.0.iter().find(|(known, ..)| *known == number) else {
            continue;
        };
        match kind {
            // An empty text is one that is not set.
            Kind::Text if bytes.is_empty() => {}
            Kind::Text => object[name] = std::str::from_utf8(bytes).ok()?.into(),
            Kind::Of(message) => object[name] = read(message, bytes)?,
            Kind::Map => {
                const ENTRY: Message = Message(&[(1, "key", Kind::Text), (2, "value", Kind::Text)]);
                let entry = read(&ENTRY, bytes)?;
                object[name][entry["key"].as_str()?] =
                    entry["value"].as_str().unwrap_or_default().into();
            }
        }
    }
    Some(object)
}

/// The length-delimited fields of a message; numbers are passed over.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        match key & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => bytes = bytes.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                found.push((key >> 3, bytes.get(..length)?));
                bytes = &bytes[length..];
            }
            5 => bytes = bytes.get(4..)?,
            _ => return None,
        }
    }
    Some(found)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
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
