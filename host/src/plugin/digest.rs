//! The digest by which an operator says which component is meant.
use crate::{text::digest::sha256_hex, wasm::plugin::Plugin};
use std::fmt;

/// The SHA-256 of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentDigest(String);

impl ComponentDigest {
    /// Computes the digest of a component.
    pub fn of(component: &[u8]) -> Self {
        ComponentDigest(sha256_hex(component))
    }

    /// The digest of a component that was read.
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
        Err("write sha256: and 64 hexadecimal digits, as `kubephase plugin inspect` prints".into())
    }
}

impl fmt::Display for ComponentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}
