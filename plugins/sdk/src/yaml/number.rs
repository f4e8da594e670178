//! Numbers as Go prints them.
use serde_json::Number;
use std::fmt;

/// The least float without a fraction that keeps its exponent.
const LEAST_WITH_EXPONENT: f64 = 1e15;

/// Returns the text of a number.
pub fn text(number: &Number) -> String {
    match number.as_f64() {
        // Go writes a float without a fraction as it writes an integer.
        Some(float)
            if number.is_f64() && float.fract() == 0.0 && float.abs() < LEAST_WITH_EXPONENT =>
        {
            (float as i64).to_string()
        }
        Some(float) if number.is_f64() => float_text(float),
        _ => number.to_string(),
    }
}

/// Returns the shortest text of a float: with an exponent below 0.0001, and from a million on.
pub fn float_text(float: impl fmt::Display + fmt::LowerExp) -> String {
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..6 => float.to_string(),
        exponent => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}
