//! Spans of time as Go's `time.Duration` reads and writes them, which is how kubeadm's
//! configuration has them.
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// A span of time in nanoseconds: `8760h0m0s`, `1h30m`, `-5s`, `1.5h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

const SECOND: i64 = 1_000_000_000;

impl Duration {
    pub const fn from_secs(seconds: i64) -> Self {
        Duration(seconds * SECOND)
    }
    pub const fn as_secs(self) -> i64 {
        self.0 / SECOND
    }
}

impl FromStr for Duration {
    type Err = String;

    /// Go's `ParseDuration`, with its messages.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("time: invalid duration {text:?}");
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Duration(0));
        }
        if rest.is_empty() {
            return Err(bad());
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
            let whole = digits(rest);
            let (integer, mut tail) = rest.split_at(whole);
            let mut fraction = "";
            if let Some(after) = tail.strip_prefix('.') {
                let n = digits(after);
                (fraction, tail) = after.split_at(n);
            }
            if integer.is_empty() && fraction.is_empty() {
                return Err(bad());
            }
            let end = tail
                .find(|c: char| c == '.' || c.is_ascii_digit())
                .unwrap_or(tail.len());
            let (unit, next) = tail.split_at(end);
            let scale: i64 = match unit {
                "ns" => 1,
                "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
                "ms" => 1_000_000,
                "s" => SECOND,
                "m" => 60 * SECOND,
                "h" => 3600 * SECOND,
                "" => return Err(format!("time: missing unit in duration {text:?}")),
                _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
            };
            let integer: i128 = if integer.is_empty() {
                0
            } else {
                integer.parse::<i64>().map_err(|_| bad())?.into()
            };
            total += integer * i128::from(scale);
            // Go truncates each fraction to whole nanoseconds.
            let (mut part, weight) = (0i128, i128::from(scale));
            for digit in fraction.bytes().take(18) {
                part = part * 10 + i128::from(digit - b'0');
            }
            let places = u32::try_from(fraction.len().min(18)).unwrap_or(18);
            total += part * weight / 10i128.pow(places);
            if total > i128::from(i64::MAX) + i128::from(negative) {
                return Err(bad());
            }
            rest = next;
        }
        i64::try_from(if negative { -total } else { total })
            .map(Duration)
            .map_err(|_| bad())
    }
}

impl fmt::Display for Duration {
    /// Go's `Duration.String`.
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
            return write!(f, "{}{unit}", decimal(nanos, scale));
        }
        let (hours, minutes) = (nanos / (3600 * second), nanos / (60 * second) % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", decimal(nanos % (60 * second), second))
    }
}

/// `value / scale` without trailing zeros.
fn decimal(value: u64, scale: u64) -> String {
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
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_as_go_does() {
        for (text, printed) in [
            ("8760h", "8760h0m0s"),
            ("1h30m", "1h30m0s"),
            ("1.5h", "1h30m0s"),
            ("-5s", "-5s"),
            ("0", "0s"),
            ("500ms", "500ms"),
            ("1.5s", "1.5s"),
            ("90s", "1m30s"),
            ("1us", "1\u{b5}s"),
            (".5s", "500ms"),
        ] {
            assert_eq!(
                text.parse::<Duration>().unwrap().to_string(),
                printed,
                "{text}"
            );
        }
        for bad in ["", "5", "h", "1d", "1 s", "9999999999h"] {
            assert!(bad.parse::<Duration>().is_err(), "{bad}");
        }
    }
}
