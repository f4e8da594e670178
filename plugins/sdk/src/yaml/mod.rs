//! YAML as the tools of Kubernetes print it. They use Go's YAML library, so this module follows the
//! rules of that library: the order of keys, the style of each string, the layout, and the folding
//! of long lines.

mod ambiguity;
mod emitter;
mod number;
mod order;
mod style;

pub use ambiguity::{decimal, is_timestamp, reads_as_another_type};
pub use number::float_text;

use crate::yaml::emitter::Emitter;
use serde_json::Value;

/// Returns the document as text with a newline at its end.
pub fn to_string(value: &Value) -> String {
    Emitter::new().document(value)
}

#[cfg(test)]
mod tests;
