//! Resource quantities in the form in which Kubernetes writes them.
use regex::Regex;
use std::sync::LazyLock;

const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// The notation of a quantity's suffix: a power of ten (`M`), an exponent (`e6`), or a power of two
/// (`Mi`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notation {
    Decimal,
    Exponent,
    Binary,
}

/// A quantity without its sign: `mantissa` times ten to the power of `exponent`.
struct Quantity {
    mantissa: i128,
    exponent: i32,
    notation: Notation,
}

fn parse(unsigned: &str) -> Option<Quantity> {
    let digits = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(digits);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let mut mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let mut exponent = -i32::try_from(fraction.len()).ok()?;
    let notation = if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        exponent += power;
        Notation::Decimal
    } else if let Some(power) = BINARY.iter().position(|name| *name == suffix) {
        mantissa = mantissa.checked_mul(1024_i128.checked_pow(u32::try_from(power).ok()?)?)?;
        Notation::Binary
    } else {
        exponent += suffix
            .strip_prefix(['e', 'E'])?
            .parse::<i32>()
            .ok()
            .filter(|power| power.abs() <= 18)?;
        Notation::Exponent
    };
    // A billionth is the finest quantity; a finer value is rounded up.
    while exponent < -9 {
        (mantissa, exponent) = (mantissa / 10 + i128::from(mantissa % 10 != 0), exponent + 1);
    }
    Some(Quantity {
        mantissa,
        exponent,
        notation,
    })
}

/// Returns the form of the texts that [`refusal`] accepts, a regular expression. The empty text has
/// the form, too, and is refused.
pub fn pattern() -> String {
    let decimal = DECIMAL.iter().map(|(name, _)| *name);
    let suffixes: Vec<&str> = decimal
        .chain(BINARY)
        .filter(|name| !name.is_empty())
        .collect();
    let suffixes = suffixes.join("|");
    format!(r"^[-+]?[0-9]*(\.[0-9]*)?({suffixes}|[eE][-+]?[0-9]+)?$")
}

/// Returns why Kubernetes does not take a text as a quantity, in its words; `None` if it does.
pub fn refusal(text: &str) -> Option<&'static str> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[-+]?[0-9]*(?:\.[0-9]*)?([eEinumkKMGTP]*[-+]?[0-9]*)$")
            .expect("a valid pattern")
    });
    let Some(parts) = FORM.captures(text).filter(|_| !text.is_empty()) else {
        return Some(
            "quantities must match the regular expression \
             '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        );
    };
    let suffix = &parts[1];
    let is_exponent = suffix
        .strip_prefix(['e', 'E'])
        .is_some_and(|power| power.parse::<i64>().is_ok());
    let is_known = DECIMAL.iter().any(|(name, _)| *name == suffix) || BINARY.contains(&suffix);
    (!is_exponent && !is_known).then_some("unable to parse quantity's suffix")
}

/// Returns the value of a quantity of bytes; `None` if the text is not a quantity, or its value is
/// not a whole number.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let Quantity {
        mantissa, exponent, ..
    } = parse(text)?;
    let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
    let value = if exponent < 0 {
        Some(mantissa / power).filter(|value| value * power == mantissa)
    } else {
        mantissa.checked_mul(power)
    };
    u64::try_from(value?).ok()
}

/// Returns a quantity in its canonical form: `500m` for `0.5`, `1Gi` for `1024Mi`. `None` if the
/// text is not a quantity, or its value is too large.
pub fn to_canonical(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let Quantity {
        mut mantissa,
        mut exponent,
        notation,
    } = parse(unsigned)?;
    while mantissa != 0 && mantissa % 10 == 0 {
        (mantissa, exponent) = (mantissa / 10, exponent + 1);
    }
    if mantissa == 0 {
        return Some("0".into());
    }
    if notation == Notation::Binary && exponent >= 0 {
        let value = mantissa.checked_mul(10_i128.checked_pow(u32::try_from(exponent).ok()?)?)?;
        if value >= 1024 {
            let steps = (1..BINARY.len())
                .take_while(|step| value % (1 << (10 * step)) == 0)
                .count();
            return Some(format!("{sign}{}{}", value >> (10 * steps), BINARY[steps]));
        }
    }
    while exponent % 3 != 0 || exponent > 18 {
        (mantissa, exponent) = (mantissa.checked_mul(10)?, exponent - 1);
    }
    let suffix = match notation {
        Notation::Exponent if exponent != 0 => format!("e{exponent}"),
        _ => DECIMAL
            .iter()
            .find(|(_, power)| *power == exponent)?
            .0
            .into(),
    };
    Some(format!("{sign}{mantissa}{suffix}"))
}

#[cfg(test)]
mod tests;
