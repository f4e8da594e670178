//! Strings that a reader of YAML 1.1 takes for another type.
use std::ops::RangeInclusive;

/// Whether Go's reader takes a plain string for null, a boolean, a number or a date of YAML 1.1.
pub fn reads_as_another_type(text: &str) -> bool {
    const WORDS: [&str; 10] = ["", "~", "null", "y", "n", "yes", "no", "on", "off", "true"];
    const SPECIAL: [&str; 5] = [".nan", ".inf", "+.inf", "-.inf", "<<"];
    let lower = text.to_ascii_lowercase();
    let one_case =
        text == lower || text == text.to_ascii_uppercase() || is_capitalised(text, &lower);
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

fn is_capitalised(text: &str, lower: &str) -> bool {
    text.get(..1)
        .is_some_and(|first| first.chars().all(|c| c.is_ascii_uppercase()))
        && text.get(1..) == lower.get(1..)
}

fn has_only_digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_digit(radix))
}

fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    for (prefix, radix) in [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ] {
        if let Some(rest) = unsigned.strip_prefix(prefix) {
            return has_only_digits(rest, radix);
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
        Some(("", fraction)) => has_only_digits(fraction, 10),
        Some((whole, fraction)) => {
            has_only_digits(whole, 10) && (fraction.is_empty() || has_only_digits(fraction, 10))
        }
        None => has_only_digits(mantissa, 10),
    };
    number && exponent.is_none_or(|e| has_only_digits(e, 10))
}

/// Whether a string is a number in base 60: `12:30:45`.
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

fn has_digits(text: &str, lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a string is a date: `2026-01-02`, `2026-1-2T3:04:05Z`, `2026-01-02 03:04:05`.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let date: Vec<_> = date.split('-').collect();
    let [year, month, day] = date[..] else {
        return false;
    };
    let short = if time.is_some() { 1..=2 } else { 2..=2 };
    has_digits(year, 4..=4)
        && has_digits(month, short.clone())
        && has_digits(day, short)
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
            has_digits(hour, 1..=2) && has_digits(minute, 1..=2) && has_digits(second, 1..=2)
        })
}
