//! Plain texts that a reader of YAML 1.1 takes for another type than a string, by the rules of Go's
//! reader. The host's reader of YAML uses them too.
use std::ops::RangeInclusive;

/// Whether Go's reader takes a plain string for null, a boolean, a number or a date of YAML 1.1.
pub fn reads_as_another_type(text: &str) -> bool {
    const WORDS: [&str; 13] = [
        "", "~", "null", "y", "n", "yes", "no", "on", "off", "true", "false", ".inf", ".nan",
    ];
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.len() < text.len() && is_word(unsigned, ".inf") {
        return true;
    }
    WORDS.iter().any(|word| is_word(text, word))
        || match text.as_bytes().first() {
            Some(b'.') => decimal(text).is_some(),
            Some(b'+' | b'-' | b'0'..=b'9') => {
                is_prefixed_integer(&text.replace('_', ""))
                    || decimal(text).is_some()
                    || is_sexagesimal(text)
                    || is_timestamp(text)
            }
            _ => false,
        }
}

/// Whether a text is the word in small letters, in capitals, or with a capital in front. `.NaN` has
/// two capitals.
fn is_word(text: &str, word: &str) -> bool {
    let start = usize::from(word.starts_with('.'));
    let is_capitalised = || {
        text.len() == word.len()
            && text.is_ascii()
            && text[..=start] == word[..=start].to_ascii_uppercase()
            && text[start + 1..] == word[start + 1..]
    };
    text == word
        || text == word.to_ascii_uppercase()
        || match word {
            "" | "~" => false,
            ".nan" => text == ".NaN",
            _ => is_capitalised(),
        }
}

fn has_only_digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_digit(radix))
}

/// Whether each `_` stands between two digits.
fn has_joined_digits(text: &str) -> bool {
    let mut parts = text.split('_').peekable();
    let mut is_first = true;
    while let Some(part) = parts.next() {
        let is_digit = |c: char| c.is_ascii_digit();
        let is_joined = (is_first || part.starts_with(is_digit))
            && (parts.peek().is_none() || part.ends_with(is_digit));
        if !is_joined {
            return false;
        }
        is_first = false;
    }
    true
}

/// Returns the value of a plain text that is a decimal number, with `_` between its digits or
/// without; `None` if it is not one, or if a float of 64 bits cannot hold it.
pub fn decimal(text: &str) -> Option<f64> {
    let plain = text.replace('_', "");
    let is_decimal = match text.as_bytes().first()? {
        b'.' => has_joined_digits(text) && is_float(&plain),
        b'+' | b'-' | b'0'..=b'9' => is_float(&plain),
        _ => false,
    };
    is_decimal.then(|| plain.parse().ok())?
}

/// Whether a text is an integer of at most 64 bits with the prefix of its base. A decimal integer
/// is also a float.
fn is_prefixed_integer(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let most = match text.as_bytes() {
        [b'+', ..] => i64::MAX.unsigned_abs(),
        [b'-', ..] => i64::MIN.unsigned_abs(),
        _ => u64::MAX,
    };
    let lower = unsigned.to_ascii_lowercase();
    let mut bases = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter();
    bases.any(|(prefix, radix)| {
        lower
            .strip_prefix(prefix)
            .filter(|digits| has_only_digits(digits, radix))
            .and_then(|digits| u64::from_str_radix(digits, radix).ok())
            .is_some_and(|number| number <= most)
    })
}

/// Whether a text is a decimal number that a float of 64 bits can hold.
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let has_form = match mantissa.split_once('.') {
        Some(("", fraction)) => has_only_digits(fraction, 10),
        Some((whole, fraction)) => {
            has_only_digits(whole, 10) && (fraction.is_empty() || has_only_digits(fraction, 10))
        }
        None => has_only_digits(mantissa, 10),
    };
    has_form
        && exponent.is_none_or(|e| has_only_digits(e, 10))
        && text.parse().is_ok_and(f64::is_finite)
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

/// Whether a text is a date, or a date with a time: `2026-1-2`, `2026-1-2T3:04:05Z`,
/// `2026-01-02 03:04:05.6`.
pub fn is_timestamp(text: &str) -> bool {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let date: Vec<_> = date.split('-').collect();
    let [year, month, day] = date[..] else {
        return false;
    };
    let has_zone = text.contains(['T', 't']);
    let (true, Some(month)) = (year.len() == 4, number_in(month, 1..=12)) else {
        return false;
    };
    number_in(year, 0..=9999)
        .and_then(|year| number_in(day, 1..=days_of(year, month)))
        .is_some()
        && time.is_none_or(|time| is_time(time, has_zone))
}

/// Whether a text is `3:04:05` with an optional fraction, and with a time zone behind it if there
/// has to be one.
fn is_time(text: &str, has_zone: bool) -> bool {
    let clock = match (has_zone, text.strip_suffix('Z')) {
        (false, _) => text,
        (true, Some(clock)) => clock,
        (true, None) => match text.rsplit_once(['+', '-']) {
            Some((clock, zone)) if is_zone(zone) => clock,
            _ => return false,
        },
    };
    let parts: Vec<_> = clock.split(':').collect();
    let [hour, minute, second] = parts[..] else {
        return false;
    };
    let (second, fraction) = second.split_once(['.', ',']).unwrap_or((second, "0"));
    let parts = [(hour, 23), (minute, 59), (second, 59)];
    has_only_digits(fraction, 10)
        && parts
            .into_iter()
            .all(|(part, most)| number_in(part, 0..=most).is_some())
}

/// Whether a text is the offset of a time zone: `07:00`.
fn is_zone(text: &str) -> bool {
    text.split_once(':').is_some_and(|(hour, minute)| {
        let parts = [(hour, 24), (minute, 60)];
        parts
            .into_iter()
            .all(|(part, most)| part.len() == 2 && number_in(part, 0..=most).is_some())
    })
}

/// Parses a decimal number without a sign.
fn number_in(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    let most = range.end().to_string().len();
    let number = (has_only_digits(text, 10) && text.len() <= most).then(|| text.parse().ok())??;
    range.contains(&number).then_some(number)
}

fn days_of(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
