//! The values of scalars, by the rules of YAML 1.1.
use crate::text::go_number::base_and_digits;
use data_encoding::BASE64;
use kubephase_sdk::yaml::float_text;
use regex::Regex;
use serde_json::{Number, Value};
use std::sync::LazyLock;

/// The prefix of tags that `!!` abbreviates.
const CORE: &str = "tag:yaml.org,2002:";
const NOT_OF_ITS_TAG: &str = "the value is not of the type that its tag names";

static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").expect("a valid pattern")
});

/// A scalar as the text writes it.
#[derive(Debug)]
pub(super) struct Scalar {
    pub text: String,
    /// whether it has no quotes and is no block
    pub is_plain: bool,
    pub tag: Option<String>,
}

impl Scalar {
    /// Whether it is the key `<<`, which merges maps.
    pub fn is_merge(&self) -> bool {
        self.text == "<<"
            && match &self.tag {
                None => self.is_plain,
                Some(tag) => tag == "!" || tag.strip_prefix(CORE) == Some("merge"),
            }
    }

    /// Returns the value.
    ///
    /// # Errors
    /// The value is not of the type that its tag names, or JSON does not have it.
    pub fn value(&self) -> Result<Value, &'static str> {
        let text = || Value::from(self.text.as_str());
        let tag = match &self.tag {
            None if self.is_plain => return implicit(&self.text),
            None => return Ok(text()),
            Some(tag) => tag.strip_prefix(CORE),
        };
        let is_of_type = match tag {
            Some("bool") => Value::is_boolean,
            Some("int") => |value: &Value| value.is_i64() || value.is_u64(),
            Some("float") => Value::is_number,
            Some("null") => Value::is_null,
            Some("timestamp") if !is_timestamp(&self.text) => return Err(NOT_OF_ITS_TAG),
            Some("binary") => return decode_binary(&self.text),
            _ => return Ok(text()),
        };
        implicit(&self.text).and_then(|value| {
            if is_of_type(&value) {
                Ok(value)
            } else {
                Err(NOT_OF_ITS_TAG)
            }
        })
    }

    /// Returns the name that the scalar is as a key.
    ///
    /// # Errors
    /// As [`Scalar::value`] says, and if the value cannot be a key.
    pub fn key(&self) -> Result<String, &'static str> {
        match self.value()? {
            Value::String(name) => Ok(name),
            Value::Bool(is_true) => Ok(is_true.to_string()),
            Value::Number(number) if number.is_i64() => Ok(number.to_string()),
            Value::Number(number) if number.is_f64() => {
                Ok(number.as_f64().map(float_key).unwrap_or_default())
            }
            Value::Number(_) => Err("this number is too large for a key"),
            _ => Err("a key of the map is missing, or null"),
        }
    }
}

/// Returns the value of a plain scalar without a tag.
fn implicit(text: &str) -> Result<Value, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            true.into()
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            false.into()
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => {
            return Err("a value that is not a number, or is infinite, is not allowed");
        }
        _ => number(text).map_or_else(|| text.into(), Value::Number),
    })
}

fn number(text: &str) -> Option<Number> {
    let finite = |text: &str| text.parse().ok().and_then(Number::from_f64);
    match text.as_bytes().first()? {
        b'.' => finite(text),
        b'0'..=b'9' | b'-' | b'+' => {
            let plain = text.replace('_', "");
            integer(&plain).or_else(|| FLOAT.is_match(&plain).then(|| finite(&plain))?)
        }
        _ => None,
    }
}

/// Returns a whole number: decimal, or with the prefix of another base.
fn integer(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (base, digits) = base_and_digits(unsigned);
    if !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let value = u64::from_str_radix(digits, base).ok()?;
    match text.as_bytes()[0] {
        b'-' => 0_i64.checked_sub_unsigned(value).map(Number::from),
        b'+' => i64::try_from(value).ok().map(Number::from),
        _ => Some(value.into()),
    }
}

/// Whether a text is a date, or a date with a time.
fn is_timestamp(text: &str) -> bool {
    static TIMESTAMP: LazyLock<Regex> = LazyLock::new(|| {
        let time = r"\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?";
        let pattern =
            format!(r"^\d{{4}}-\d{{1,2}}-\d{{1,2}}([Tt]{time}(Z|[-+]\d\d:\d\d)| {time})?$");
        Regex::new(&pattern).expect("a valid pattern")
    });
    TIMESTAMP.is_match(text)
}

fn decode_binary(text: &str) -> Result<Value, &'static str> {
    let lines: String = text.split(['\r', '\n']).collect();
    let bytes = BASE64
        .decode(lines.as_bytes())
        .map_err(|_| "this is not valid base64")?;
    Ok(String::from_utf8_lossy(&bytes).into())
}

/// Returns a number as Go writes it as a key: `1.5`, `1e+06`.
#[allow(clippy::cast_possible_truncation, reason = "so does Go")]
fn float_key(value: f64) -> String {
    float_text(value as f32)
}
