//! Spans of time in the notation of Go's `time.Duration`, which kubeadm's configuration uses.
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// A span of time in nanoseconds: `8760h0m0s`, `1h30m`, `-5s`, `1.5h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

const SECOND: i64 = 1_000_000_000;

impl Duration {
    /// The form of a span as text, a regular expression. Spans of more than 292 years have the
    /// form, too, and cannot be read.
    pub const PATTERN: &str = r"^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";

    /// Returns a span of this many seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Duration(seconds * SECOND)
    }
    /// Returns the whole seconds of the span.
    pub const fn as_secs(self) -> i64 {
        self.0 / SECOND
    }
}

#[cfg(feature = "json-schema")]
impl schemars::JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": Duration::PATTERN})
    }
}

impl FromStr for Duration {
    type Err = String;

    /// Parses a span as Go's `ParseDuration` does, with Go's messages.
    fn from_str(text: &str) -> Result<Self, String> {
        let (is_negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Duration(0));
        }
        if rest.is_empty() {
            return Err(invalid(text));
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let (part, next) = parse_part(rest, text)?;
            total += part;
            if total > i128::from(i64::MAX) + i128::from(is_negative) {
                return Err(invalid(text));
            }
            rest = next;
        }
        i64::try_from(if is_negative { -total } else { total })
            .map(Duration)
            .map_err(|_| invalid(text))
    }
}

fn invalid(text: &str) -> String {
    format!("time: invalid duration {text:?}")
}

/// Parses one number with its unit, such as `1.5h`. Returns its nanoseconds and the rest.
fn parse_part<'a>(rest: &'a str, text: &str) -> Result<(i128, &'a str), String> {
    let (integer, tail) = rest.split_at(count_digits(rest));
    let (fraction, tail) = match tail.strip_prefix('.') {
        Some(after) => after.split_at(count_digits(after)),
        None => ("", tail),
    };
    if integer.is_empty() && fraction.is_empty() {
        return Err(invalid(text));
    }
    let end = tail
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(tail.len());
    let (unit, next) = tail.split_at(end);
    let scale = nanoseconds_of(unit, text)?;
    let integer = match integer {
        "" => 0,
        digits => digits.parse::<i64>().map_err(|_| invalid(text))?,
    };
    let nanoseconds = i128::from(integer) * i128::from(scale) + parse_fraction(fraction, scale);
    Ok((nanoseconds, next))
}

fn count_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn nanoseconds_of(unit: &str, text: &str) -> Result<i64, String> {
    Ok(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        "" => return Err(format!("time: missing unit in duration {text:?}")),
        _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
    })
}

/// Returns the nanoseconds of the digits after a point. Go truncates them to whole nanoseconds.
fn parse_fraction(digits: &str, scale: i64) -> i128 {
    const MAX_DIGITS: usize = 18;
    let mut value: i128 = 0;
    for digit in digits.bytes().take(MAX_DIGITS) {
        value = value * 10 + i128::from(digit - b'0');
    }
    let places = u32::try_from(digits.len().min(MAX_DIGITS)).unwrap_or(18);
    value * i128::from(scale) / 10i128.pow(places)
}

impl fmt::Display for Duration {
    /// Writes the span as Go's `Duration.String` does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if nanos == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let second = SECOND.unsigned_abs();
        if nanos < second {
            let (scale, unit) = if nanos < 1_000 {
                (1, "ns")
            } else if nanos < 1_000_000 {
                (1_000, "\u{b5}s")
            } else {
                (1_000_000, "ms")
            };
            return write!(f, "{}{unit}", format_decimal(nanos, scale));
        }
        let (hours, minutes) = (nanos / (3600 * second), nanos / (60 * second) % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", format_decimal(nanos % (60 * second), second))
    }
}

/// Formats `value / scale` without trailing zeros.
fn format_decimal(value: u64, scale: u64) -> String {
    let (whole, rest) = (value / scale, value % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let places = scale.ilog10() as usize;
    format!(
        "{whole}.{}",
        format!("{rest:0places$}").trim_end_matches('0')
    )
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
