//! Arguments of host functions, parsed into types that cannot hold anything else.
//!
//! A text that a plugin hands over is parsed once, where it enters (`wasm::gate`). From
//! there on the type is the proof, and no other code checks the text again: a [`UnitName`] never
//! begins with a dash, and each part of an [`ObjectName`] is one segment of a URL. This module
//! neither looks at the machine nor decides about grants.
mod command;
pub mod json;
mod names;
mod object;
mod path;
mod sysctl;
mod text;
mod url;
mod user;

pub use command::CommandLine;
pub use names::{
    FactName, FindingCode, HostName, ImageName, KernelOption, ModuleName, PhaseId, Pointer,
    Selector, UnitName,
};
pub use object::ObjectName;
pub use path::{AbsolutePath, FileName};
pub use sysctl::SysctlKey;
pub use text::{Line, Text};
pub use url::{HttpUrl, check_server};
pub use user::UserId;

use crate::text::sanitise;

/// A type that the text of a plugin is parsed into.
pub trait Argument: Sized {
    /// The name of the type in messages, with its article: `a unit name`.
    const WHAT: &'static str;

    /// Parses a text.
    ///
    /// # Errors
    /// The text breaks a rule, which the message states. The message quotes at most 80 bytes of the
    /// text, with escapes.
    fn parse(text: &str) -> Result<Self, String>;
}

/// Returns the message that refuses a text: the text, the name of the type, and the rule that the
/// text breaks.
fn refusal(text: &str, what: &str, rule: &str) -> String {
    const SHOWN: usize = 80;
    let end = text.floor_char_boundary(SHOWN);
    let more = if end < text.len() {
        format!(" and {} bytes more", text.len() - end)
    } else {
        String::new()
    };
    format!(
        "{}{more} is not {what}: {rule}",
        sanitise::quote(&text[..end])
    )
}

/// Implements the traits of a text for a type that holds a checked text. Deserialising the type
/// checks the text again.
macro_rules! checked_text {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Parses a text; see [`Argument::parse`](crate::arguments::Argument::parse).
            ///
            /// # Errors
            /// The text breaks a rule, which the message states.
            pub fn parse(text: &str) -> Result<Self, String> {
                <Self as crate::arguments::Argument>::parse(text)
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(checked: $name) -> String {
                checked.0
            }
        }
    };
}
use checked_text;

#[cfg(test)]
mod tests;
