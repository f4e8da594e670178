//! The values of scalars, by the rules of YAML 1.1.
use crate::text::go_number::base_and_digits;
use data_encoding::BASE64;
use kubephase_sdk::yaml::{decimal, float_text, is_timestamp};
use serde_json::{Number, Value};

/// The prefix of tags that `!!` abbreviates.
const CORE: &str = "tag:yaml.org,2002:";
const NOT_OF_ITS_TAG: &str = "the value is not of the type that its tag names";

/// A scalar as the text writes it.
#[derive(Debug)]
pub(super) struct Scalar {
    pub text: Box<str>,
    /// whether it is neither in quotes nor a block
    pub is_plain: bool,
    pub tag: Option<Box<str>>,
}

impl Scalar {
    /// Whether it is the key `<<`, which merges maps.
    pub fn is_merge(&self) -> bool {
        *self.text == *"<<"
            && match &self.tag {
                None => self.is_plain,
                Some(tag) => **tag == *"!" || tag.strip_prefix(CORE) == Some("merge"),
            }
    }

    /// Returns the value.
    ///
    /// # Errors
    /// The value is not of the type that its tag names, or JSON cannot express it.
    pub fn value(&self) -> Result<Value, &'static str> {
        let text = || Value::from(&*self.text);
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

    /// Returns the scalar as a key of a map.
    ///
    /// # Errors
    /// The errors of [`Scalar::value`]; or the value cannot be a key.
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
    let whole = text
        .starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+'))
        .then(|| integer(&text.replace('_', "")))
        .flatten();
    whole.or_else(|| Number::from_f64(decimal(text)?))
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

#[cfg(test)]
mod tests {
    use super::*;
    use kubephase_sdk::yaml::reads_as_another_type;

    fn is_text(text: &str) -> bool {
        matches!(implicit(text), Ok(Value::String(_)))
    }

    /// Numbers in base 60 and dates are texts for this reader, and other readers differ.
    fn is_quoted_for_others(text: &str) -> bool {
        text.contains(':') || is_timestamp(text)
    }

    #[track_caller]
    fn expect_agreement(text: &str) {
        let is_quoted = reads_as_another_type(text);
        assert!(
            is_quoted || is_text(text),
            "the writer does not quote {text:?}, and it is read as another type"
        );
        assert!(
            !is_quoted || !is_text(text) || is_quoted_for_others(text),
            "the writer quotes {text:?} for no reader"
        );
    }

    #[test]
    fn the_reader_and_the_writer_agree_which_plain_texts_are_other_types() {
        const LETTERS: [char; 14] = [
            '0', '1', '7', '8', '_', '.', '-', '+', 'e', 'x', 'o', 'b', ':', 'F',
        ];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            for text in &texts {
                expect_agreement(text);
            }
            let longer = |text: &String| LETTERS.map(|letter| format!("{text}{letter}"));
            texts = texts.iter().flat_map(longer).collect();
        }
        for text in [
            ".5_0",
            "._5",
            ".5__0",
            ".5_",
            "1_0.5",
            "1e400",
            ".5e400",
            "0x_F",
            "0o8",
            "09",
            "<<",
            "+0xFFFFFFFFFFFFFFFF",
            "-0x8000000000000000",
            "18446744073709551616",
            "2026-02-30",
            "2026-02-28",
            "2026-1-2T3:04:05Z",
            "y",
            "Off",
            "+.inf",
            "+.nan",
            "~",
            "nULL",
            "1:30",
        ] {
            expect_agreement(text);
        }
    }

    #[test]
    fn a_number_that_begins_with_a_point_may_have_separated_digits() {
        assert_eq!(implicit(".5_0"), Ok(0.5.into()));
        assert_eq!(implicit("._5"), Ok("._5".into()));
    }

    #[test]
    fn only_a_possible_date_has_the_type_timestamp() {
        for (text, is_possible) in [("2026-02-28", true), ("2026-02-30", false)] {
            let scalar = Scalar {
                text: text.into(),
                is_plain: true,
                tag: Some(format!("{CORE}timestamp").into()),
            };
            assert_eq!(scalar.value().is_ok(), is_possible, "{text}");
        }
    }
}
