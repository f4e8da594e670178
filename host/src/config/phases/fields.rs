//! Fields with error messages for users: serde's own messages are for programmers.
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Reads how many phases run at a time.
///
/// # Errors
/// The value is not a whole number of at least 1.
pub(super) fn parallelism<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    let value = Value::deserialize(from)?;
    if value.is_null() {
        return Ok(None);
    }
    let number = value
        .as_u64()
        .and_then(|number| usize::try_from(number).ok());
    match number.filter(|number| *number > 0) {
        Some(number) => Ok(Some(number)),
        None => Err(D::Error::custom(format!(
            "{value} is not a number of phases; write a whole number from 1, or leave the field \
             out for one phase for each core"
        ))),
    }
}

/// Reads a date.
///
/// # Errors
/// The value is not a date of the form `2027-01-01`.
pub(super) fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let value = Value::deserialize(from)?;
    if value.is_null() {
        return Ok(None);
    }
    match value.as_str().map(str::parse) {
        Some(Ok(date)) => Ok(Some(date)),
        _ => Err(D::Error::custom(format!(
            "{value} is not a date; write it as YEAR-MONTH-DAY, for example 2027-01-01"
        ))),
    }
}
