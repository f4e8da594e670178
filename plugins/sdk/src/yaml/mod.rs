//! YAML as the tools of Kubernetes print it: keys sorted, lists not indented under their key, and
//! strings quoted that a YAML 1.1 reader such as Go's would take for another type.
//!
//! serde-saphyr writes the layout; this module chooses the style of each string.

mod ambiguity;
mod style;

use crate::yaml::{
    ambiguity::reads_as_another_type,
    style::{Style, style},
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;
use serde_yaml::{DoubleQuoted, LitStr, SingleQuoted, ser_options};
use std::collections::BTreeMap;

/// Returns the document as text with a newline at its end.
pub fn to_string(value: &Value) -> String {
    // The serializer chooses the style of keys itself. Its YAML 1.1 rules quote more values than Go
    // does, but without them a key such as `on` would read as a boolean.
    let options = ser_options! {
        prefer_block_scalars: false,
        yaml_12: !has_ambiguous_key(value),
        no_lang_directive: true
    };
    let mut text = String::new();
    let styled = GoStyle {
        value,
        colon: unused_character(value),
    };
    // Writing a JSON value to a string cannot fail.
    serde_yaml::to_fmt_writer_with_options(&mut text, &styled, options).unwrap_or_default();
    text.replace(styled.colon, ":")
}

/// Returns a character that the document does not have.
fn unused_character(value: &Value) -> char {
    let text = value.to_string();
    let mut private = '\u{e000}'..='\u{f8ff}';
    private.find(|c| !text.contains(*c)).unwrap_or(':')
}

/// A value that is serialised with sorted keys and with the styles of Go.
#[derive(Clone, Copy)]
struct GoStyle<'a> {
    value: &'a Value,
    /// The character that stands for the colon at the beginning of a plain string. Go writes `::1`
    /// without quotes; the serializer would quote it.
    colon: char,
}

impl<'a> GoStyle<'a> {
    fn of(self, value: &'a Value) -> GoStyle<'a> {
        GoStyle { value, ..self }
    }
}

impl Serialize for GoStyle<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::String(text) => match style(text) {
                Style::Plain => match text.strip_prefix(':') {
                    Some(rest) => serializer.serialize_str(&format!("{}{rest}", self.colon)),
                    None => serializer.serialize_str(text),
                },
                Style::Literal => LitStr(text).serialize(serializer),
                Style::Single => SingleQuoted(text).serialize(serializer),
                Style::Double => DoubleQuoted(text).serialize(serializer),
            },
            Value::Array(items) => serializer.collect_seq(items.iter().map(|item| self.of(item))),
            Value::Object(fields) => {
                let sorted: BTreeMap<_, _> = fields.iter().collect();
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (key, value) in sorted {
                    map.serialize_entry(key, &self.of(value))?;
                }
                map.end()
            }
            Value::Number(number) => match number.as_f64() {
                // Go writes a float without a fraction as it writes an integer.
                Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                    serializer.serialize_i64(float as i64)
                }
                _ => number.serialize(serializer),
            },
            scalar => scalar.serialize(serializer),
        }
    }
}

fn has_ambiguous_key(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| reads_as_another_type(key) || has_ambiguous_key(value)),
        Value::Array(items) => items.iter().any(has_ambiguous_key),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
