//! The numbers of events. Anybody may hand over a journal, so a number in it can have any size.
use serde::{Deserialize, Deserializer, de::Error};

/// The largest number of an event: microseconds of half a year, or bytes of 16 TiB. Reports add up
/// the numbers of all events and multiply them by small factors; results then fit in 64 bits.
const LARGEST: u64 = 1 << 44;

/// Reads a number of an event.
///
/// # Errors
/// The number is not an integer, is negative, or is larger than any run records.
pub(super) fn read<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    let number = u64::deserialize(deserializer)?;
    let fitting = Some(number).filter(|number| *number <= LARGEST);
    fitting
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| Error::custom(format!("{number} is larger than any run records")))
}
