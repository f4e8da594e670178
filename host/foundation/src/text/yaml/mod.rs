//! YAML documents, read as kubeadm's library reads them: YAML 1.1, in which `yes` is true and `010`
//! is eight.

mod build;
mod documents;
mod events;
mod node;
mod parts;
mod scalar;
mod source;
mod tabs;
#[cfg(test)]
mod tests;
mod unreadable;

pub use documents::{DocumentText, documents};
pub use node::{Entries, EntryKey, Place, Yaml, YamlNode, short_name};
pub use unreadable::Unreadable;

use serde_json::Value;

/// Reads the first document of a text. What is behind it is ignored (kubeadm behaviour).
///
/// # Errors
/// The document is not YAML, or has values that JSON does not have.
pub fn parse(text: &str) -> Result<YamlNode, Unreadable> {
    let text = source::prepare(text)?;
    build::build(&events::read(&text)?)
}

/// Reads the first document of a text, as JSON.
///
/// # Errors
/// The errors of [`parse`].
pub fn value(text: &str) -> Result<Value, Unreadable> {
    Ok(parse(text)?.value())
}
