//! Values of an object's metadata.
use aws_lc_rs::rand;
use jiff::Timestamp;
use serde_json::Value;

/// Returns the namespace and the name of an object. The namespace is empty if it has none.
pub fn namespace_and_name(object: &Value) -> (String, String) {
    (
        metadata_text(object, "namespace"),
        metadata_text(object, "name"),
    )
}

fn metadata_text(object: &Value, field: &str) -> String {
    object["metadata"][field]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Returns the time in whole seconds, in the form of the API.
pub fn now() -> String {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

/// Returns a random UUID (RFC 9562, version 4).
pub fn random_uid() -> String {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the system has randomness to give");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
