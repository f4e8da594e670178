//! Users and groups by their numbers.
use serde::Serialize;

/// The number of a user or of a group. The highest number is not valid: to system calls it means
/// "leave the owner unchanged".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UserId(u32);

impl UserId {
    /// The name of the type in messages, with its article.
    pub const WHAT: &'static str = "the number of a user or group";

    /// Parses a number.
    ///
    /// # Errors
    /// The number is the highest, which no user or group has.
    pub fn parse(number: u32) -> Result<Self, String> {
        match number {
            u32::MAX => Err(format!(
                "{number} is not {}: no user or group has it",
                Self::WHAT
            )),
            number => Ok(UserId(number)),
        }
    }
}

impl From<UserId> for u32 {
    fn from(id: UserId) -> u32 {
        id.0
    }
}
