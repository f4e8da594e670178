//! YAML as Kubernetes' own tools print it: keys sorted, lists not indented under their key, and
//! strings quoted that a YAML 1.1 reader such as Go's would take for something else.
//!
//! The layout is serde-saphyr's; which style a string gets is decided here.
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;
use serde_yaml::{DoubleQuoted, LitStr, SingleQuoted, ser_options};
use std::collections::BTreeMap;

/// The document as text, with a newline at its end.
pub fn to_string(value: &Value) -> String {
    // The serializer chooses the style of keys itself. Its YAML 1.1 rules quote more values than Go
    // does, but without them a key such as `on` would read as a boolean.
    let options = ser_options! { prefer_block_scalars: false, yaml_12: !has_ambiguous_key(value), no_lang_directive: true };
    let mut text = String::new();
    // Neither a JSON value nor a string that grows can fail to be written.
    serde_yaml::to_fmt_writer_with_options(&mut text, &Node(value), options).unwrap_or_default();
    text
}

struct Node<'a>(&'a Value);

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) => match style(text) {
                Style::Plain => serializer.serialize_str(text),
                Style::Literal => LitStr(text).serialize(serializer),
                Style::Single => SingleQuoted(text).serialize(serializer),
                Style::Double => DoubleQuoted(text).serialize(serializer),
            },
            Value::Array(items) => serializer.collect_seq(items.iter().map(Node)),
            Value::Object(fields) => {
                let sorted: BTreeMap<_, _> = fields.iter().collect();
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (key, value) in sorted {
                    map.serialize_entry(key, &Node(value))?;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

fn style(text: &str) -> Style {
    let unprintable = text
        .chars()
        .any(|c| c.is_control() && c != '\n' || c == '\u{feff}');
    if text.contains('\n') {
        // A block cannot show blanks at its very start or before its line ends.
        let block = !unprintable
            && !text.starts_with([' ', '\n'])
            && !text.contains(" \n")
            && !text.ends_with(' ');
        return if block { Style::Literal } else { Style::Double };
    }
    if unprintable || reads_as_another_type(text) {
        Style::Double
    } else if needs_quotes(text) {
        Style::Single
    } else {
        Style::Plain
    }
}

/// Indicators of YAML's syntax where they would be taken for syntax.
fn needs_quotes(text: &str) -> bool {
    text.starts_with([
        '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' ',
    ]) || text.ends_with([' ', ':'])
        || ["---", "..."].iter().any(|marker| text.starts_with(marker))
        || ["-", "?"].contains(&text)
        || ["- ", "? ", ": "]
            .iter()
            .any(|indicator| text.starts_with(indicator))
        || text.contains(": ")
        || text.contains(" #")
}

/// Null, booleans, numbers and dates of YAML 1.1, in the spellings Go's reader knows.
fn reads_as_another_type(text: &str) -> bool {
    const WORDS: [&str; 10] = ["", "~", "null", "y", "n", "yes", "no", "on", "off", "true"];
    const SPECIAL: [&str; 5] = [".nan", ".inf", "+.inf", "-.inf", "<<"];
    let lower = text.to_ascii_lowercase();
    let one_case = text == lower || text == text.to_ascii_uppercase() || capitalised(text, &lower);
    if one_case && (WORDS.contains(&lower.as_str()) || lower == "false")
        || SPECIAL.contains(&lower.as_str())
    {
        return true;
    }
    match text.as_bytes()[0] {
        b'.' | b'+' | b'-' | b'0'..=b'9' => {
            is_number(text) || is_sexagesimal(text) || is_date(text)
        }
        _ => false,
    }
}

fn capitalised(text: &str, lower: &str) -> bool {
    text.get(..1)
        .is_some_and(|first| first.chars().all(|c| c.is_ascii_uppercase()))
        && text.get(1..) == lower.get(1..)
}

fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let digits = |s: &str, radix: u32| !s.is_empty() && s.chars().all(|c| c.is_digit(radix));
    for (prefix, radix) in [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ] {
        if let Some(rest) = unsigned.strip_prefix(prefix) {
            return digits(rest, radix);
        }
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let number = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction, 10),
        Some((whole, fraction)) => {
            digits(whole, 10) && (fraction.is_empty() || digits(fraction, 10))
        }
        None => digits(mantissa, 10),
    };
    number && exponent.is_none_or(|e| digits(e, 10))
}

/// `12:30:45`, minutes and seconds in base 60.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let unsigned = unsigned
        .split_once('.')
        .map_or(unsigned, |(whole, fraction)| {
            if fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
                whole
            } else {
                ""
            }
        });
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && rest.peek().is_some()
        && rest.all(|part| match part.as_bytes() {
            [unit] => unit.is_ascii_digit(),
            [ten, unit] => (b'0'..=b'5').contains(ten) && unit.is_ascii_digit(),
            _ => false,
        })
}

/// `2026-01-02`, `2026-1-2T3:04:05Z`, `2026-01-02 03:04:05`.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let digits = |s: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit())
    };
    let date: Vec<_> = date.split('-').collect();
    let [year, month, day] = date[..] else {
        return false;
    };
    let short = if time.is_some() { 1..=2 } else { 2..=2 };
    digits(year, 4..=4)
        && digits(month, short.clone())
        && digits(day, short)
        && time.is_none_or(|time| {
            let clock = time.trim_end_matches(['Z', 'z']);
            let clock = clock
                .rsplit_once(['+', '-'])
                .map_or(clock, |(clock, _)| clock);
            let parts: Vec<_> = clock.trim_end().split(':').collect();
            let [hour, minute, second] = parts[..] else {
                return false;
            };
            let second = second.split('.').next().unwrap_or_default();
            digits(hour, 1..=2) && digits(minute, 1..=2) && digits(second, 1..=2)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strings_get_the_style_that_go_gives_them() {
        for (text, printed) in [
            ("", "\"\""),
            ("plain", "plain"),
            ("yes", "\"yes\""),
            ("y", "\"y\""),
            ("True", "\"True\""),
            ("0", "\"0\""),
            ("0x1f", "\"0x1f\""),
            ("1_000", "\"1_000\""),
            ("1e3", "\"1e3\""),
            ("1.36", "\"1.36\""),
            ("1.36.2", "1.36.2"),
            ("12:30", "\"12:30\""),
            ("2026-01-02", "\"2026-01-02\""),
            ("2026-01-02T03:04:05Z", "\"2026-01-02T03:04:05Z\""),
            ("10.96.0.10", "10.96.0.10"),
            ("192.0.2.2:6443", "192.0.2.2:6443"),
            ("[2001:db8::2]:6443", "'[2001:db8::2]:6443'"),
            ("::", "'::'"),
            ("fd00:10:96::a", "fd00:10:96::a"),
            ("10%", "10%"),
            ("--flag=a", "--flag=a"),
            ("*", "'*'"),
            ("it's", "it's"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            (" x", "' x'"),
            ("tab\there", "\"tab\\there\""),
            (
                "node-role.kubernetes.io/control-plane",
                "node-role.kubernetes.io/control-plane",
            ),
            (
                "authentication only \u{2713}",
                "authentication only \u{2713}",
            ),
        ] {
            assert_eq!(
                to_string(&json!({ "k": text })),
                format!("k: {printed}\n"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn structure_is_laid_out_as_go_does() {
        let value = json!({
            "b": [{"x": 1, "a": ["p", "q"]}, [], [["n"]]],
            "a": {"e": {}, "n": null},
            "t": "one\ntwo\n",
            "u": "one\n\n  two",
        });
        let text = "a:\n  e: {}\n  \"n\": null\nb:\n- a:\n  - p\n  - q\n  x: 1\n- []\n- - - \
            \"n\"\nt: |\n  one\n  two\nu: |-\n  one\n\n    two\n";
        assert_eq!(to_string(&value), text);
    }
}
