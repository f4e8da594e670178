//! Secrets: the type that holds a secret, the classifier that recognises credentials by their
//! content, and the secret settings of plugins.
pub mod classify;
pub mod settings;

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// A secret value: a token, a key, a password, a kubeconfig.
///
/// Printing it writes `<secret>`, serialising it fails, and dropping it overwrites its memory. Code
/// that needs the value calls [`Secret::reveal`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Secret(Zeroizing::new(value))
    }

    /// The value. Call this only where the value itself is used, and do not keep the result.
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

impl<T: Zeroize> Serialize for Secret<T> {
    /// # Errors
    /// Always, so that a secret that is part of a record by mistake is an error and not a leak.
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom(
            "a secret is not written: the code that has to write it reveals it first",
        ))
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

    #[derive(Debug, Serialize, Deserialize)]
    struct Record {
        name: String,
        token: Secret<String>,
    }

    #[test]
    fn a_secret_is_read_and_revealed_and_neither_printed_nor_written() {
        let record: Record = serde_json::from_str(r#"{"name": "n", "token": "hunter2"}"#).unwrap();
        assert_eq!(record.token.reveal(), "hunter2");
        assert!(!format!("{record:?} {} {:#?}", record.token, record.token).contains("hunter2"));
        let refused = serde_json::to_string(&record).unwrap_err().to_string();
        assert!(refused.contains("reveals it first"), "{refused}");
        assert!(serde_json::to_value(&record).is_err());
    }
}
