//! The digest of a component, by which the operator names exactly one component.
use crate::{program, text::digest::sha256_hex, wasm::plugin::Plugin};
use std::fmt;

/// The SHA-256 of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentDigest(String);

impl ComponentDigest {
    /// Computes the digest of a component.
    pub fn compute(component: &[u8]) -> Self {
        ComponentDigest(sha256_hex(component))
    }

    /// Returns the digest of a plugin's component.
    pub fn of_plugin(plugin: &Plugin) -> Self {
        ComponentDigest(plugin.digest().to_owned())
    }

    /// Parses `sha256:` and 64 hexadecimal digits, as `plugin inspect` prints a digest.
    ///
    /// # Errors
    /// The text is not such a digest.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("sha256:").unwrap_or_default();
        if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(ComponentDigest(digits.to_ascii_lowercase()));
        }
        Err(format!(
            "write sha256: and 64 hexadecimal digits, as `{}` prints",
            program::command("plugin inspect")
        ))
    }
}

impl fmt::Display for ComponentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}
