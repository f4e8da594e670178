//! Arguments of host functions, parsed into types that cannot hold anything else.
//!
//! A text that a plugin hands over is parsed once, where it enters ([`crate::wasm::gate`]). From there on the type says
//! what the text is, and nobody checks it again: a [`UnitName`] never begins with a dash, an [`ObjectName`] is always one
//! segment of a URL. Nothing here looks at the machine, and nothing here knows of grants.
mod command;
mod names;
mod object;
mod path;
mod sysctl;
mod text;
mod url;

pub use command::CommandLine;
pub use names::{FactName, FindingCode, HostName, ImageName, KernelOption, ModuleName, PhaseId, Pointer, Selector, UnitName};
pub use object::ObjectName;
pub use path::{AbsolutePath, FileName};
pub use sysctl::SysctlKey;
pub use text::{Text, is_trick};
pub use url::HttpUrl;

/// A type that texts of plugins are parsed into.
pub trait Argument: Sized {
    /// What the type is called in messages, with its article: `a unit name`.
    const WHAT: &'static str;

    /// Parses a text.
    ///
    /// # Errors
    /// Why the text is not one. The text itself is quoted with escapes, and cut where it is long.
    fn parse(text: &str) -> Result<Self, String>;
}

/// The message for a text that is not what it has to be.
fn refusal(text: &str, what: &str, rule: &str) -> String {
    const SHOWN: usize = 80;
    let end = text.floor_char_boundary(SHOWN);
    let more = if end < text.len() { format!(" and {} bytes more", text.len() - end) } else { String::new() };
    format!("{:?}{more} is not {what}: {rule}", &text[..end])
}

/// Gives a type that holds a checked text the traits of a text: it is read back through the same check.
macro_rules! checked_text {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Parses a text; see [`Argument::parse`](crate::arguments::Argument::parse).
            ///
            /// # Errors
            /// Why the text is not one.
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
