//! Secrets: the type that holds a secret, the configuration with its secrets, the form of bootstrap
//! tokens, the classifier that recognises credentials by their content, and the secret settings of
//! plugins.
pub mod bootstrap_token;
pub mod classify;
pub mod configuration;
pub mod names;
pub mod settings;

use serde::{Deserialize, Deserializer};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of the shortest secret that is blanked in texts: a shorter one would occur in ordinary
/// words.
pub const SHORTEST_BLANKED: usize = 6;

/// A secret value: a token, a key, a password, a kubeconfig.
///
/// Printing it writes `<secret>`, nothing that holds it can be serialised, and dropping it
/// overwrites its memory. Code that needs the value calls [`Secret::reveal`]. Code that has to
/// write it has to make a form for writing itself.
///
/// ```
/// let secret = kubephase_foundation::secret::Secret::from("hunter2");
/// assert_eq!(serde_json::to_string(secret.reveal()).unwrap(), r#""hunter2""#);
/// ```
/// ```compile_fail
/// let secret = kubephase_foundation::secret::Secret::from("hunter2");
/// assert_eq!(serde_json::to_string(&secret).unwrap(), r#""hunter2""#);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Secret(Zeroizing::new(value))
    }

    /// Returns the value. Call this only where the value itself is used, and do not keep the
    /// result.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl Secret<String> {
    /// Whether the text is empty, as in a configuration that has no secret.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Converts command-line arguments that are secrets.
impl From<&str> for Secret<String> {
    fn from(text: &str) -> Self {
        Secret::new(text.to_owned())
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "fields are printed")]
    struct Record {
        name: String,
        token: Secret<String>,
    }

    #[test]
    fn a_secret_is_read_and_revealed_and_not_printed() {
        let record: Record = serde_json::from_str(r#"{"name": "n", "token": "hunter2"}"#).unwrap();
        assert_eq!(record.token.reveal(), "hunter2");
        assert!(!format!("{record:?} {} {:#?}", record.token, record.token).contains("hunter2"));
    }
}
