//! Numbers and booleans in text, read as Go reads them.

/// Parses an integer as Go does: `0x` and `010` have their bases, and `_` may stand between digits.
///
/// # Errors
/// The text is not an integer of 32 bits.
pub fn parse_int32(text: &str) -> Result<i32, String> {
    let error = |why: &str| format!("strconv.ParseInt: parsing {text:?}: {why}");
    let is_negative = text.starts_with('-');
    let (base, digits) = base_and_digits(text.strip_prefix(['+', '-']).unwrap_or(text));
    let has_prefix = base != 10;
    let is_separated = |part: &str| {
        let is_digits = part.chars().all(|digit| digit.is_digit(base));
        is_digits && !part.is_empty()
    };
    let parts = digits.strip_prefix('_').filter(|_| has_prefix);
    if !parts.unwrap_or(digits).split('_').all(is_separated) {
        return Err(error("invalid syntax"));
    }
    let number = i64::from_str_radix(&digits.replace('_', ""), base);
    let number = number.map(|number| if is_negative { -number } else { number });
    let small = number.ok().and_then(|number| i32::try_from(number).ok());
    small.ok_or_else(|| error("value out of range"))
}

/// Parses a boolean as Go does.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Parses the value of a flag that is on or off.
///
/// # Errors
/// The text is not a boolean of Go.
pub fn parse_bool_flag(text: &str) -> Result<bool, String> {
    parse_bool(text).ok_or_else(|| format!("strconv.ParseBool: parsing {text:?}: invalid syntax"))
}

/// Returns the base of a number without a sign, and its digits without the prefix of the base.
pub fn base_and_digits(unsigned: &str) -> (u32, &str) {
    match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_int32;

    #[test]
    fn numbers_of_flags_are_gos() {
        for (text, number) in [
            ("6443", 6443),
            ("+5", 5),
            ("-1", -1),
            ("0", 0),
            ("0x192B", 6443),
            ("0X_f", 15),
            ("010", 8),
            ("0o17", 15),
            ("0b101", 5),
            ("1_000", 1000),
            ("-2147483648", i32::MIN),
        ] {
            assert_eq!(parse_int32(text), Ok(number), "{text}");
        }
        for (text, why) in [
            ("", "invalid syntax"),
            ("-", "invalid syntax"),
            ("x", "invalid syntax"),
            (" 5", "invalid syntax"),
            ("1.5", "invalid syntax"),
            ("0x", "invalid syntax"),
            ("09", "invalid syntax"),
            ("_1", "invalid syntax"),
            ("1__0", "invalid syntax"),
            ("1_", "invalid syntax"),
            ("--1", "invalid syntax"),
            ("2147483648", "value out of range"),
            ("99999999999999999999", "value out of range"),
        ] {
            let expected = format!("strconv.ParseInt: parsing {text:?}: {why}");
            assert_eq!(parse_int32(text), Err(expected), "{text}");
        }
    }
}
