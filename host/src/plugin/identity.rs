//! The identity of a plugin. The operator's consent belongs to this identity, and never only to the
//! name, because a plugin chooses its own name.
use super::{lines::AllowedLines, lock::LockedPlugin, place::place};
use crate::pki::signature::Signer;
use crate::text::digest::sha256_hex;
use std::fmt;

/// Hexadecimal digits of an identity's digest; a label's value has at most 63 characters.
const DIGEST_LENGTH: usize = 40;

/// The source of a plugin without its version, and the signer whose signature it has to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginIdentity {
    place: String,
    signer: Option<Signer>,
    /// distinguishes files at the same place that belong to different configurations; only part of
    /// the identities by which objects and files belong to a plugin
    origin: Option<String>,
}

impl PluginIdentity {
    /// Returns the identity of a plugin with a `source` of the configuration.
    pub fn new(source: &str, signer: Option<&Signer>) -> Self {
        PluginIdentity {
            place: place(source),
            signer: signer.cloned(),
            origin: None,
        }
    }

    /// Returns the identity by which objects and files belong to a plugin.
    #[must_use]
    pub fn with_origin(self, origin: Option<&str>) -> Self {
        let origin = origin.map(str::to_owned);
        PluginIdentity { origin, ..self }
    }

    /// Returns the identity of a plugin in the lock.
    pub fn of_locked(locked: &LockedPlugin) -> Self {
        PluginIdentity::new(&locked.source, locked.signer.as_ref())
    }

    /// Returns a digest of the identity that fits into a label of an object of the cluster.
    pub fn digest(&self) -> String {
        let mut digest = sha256_hex(self.to_string().as_bytes());
        digest.truncate(DIGEST_LENGTH);
        digest
    }

    /// Returns the lines that the operator allowed a plugin of this identity: none if the lock has
    /// the plugin with another identity.
    pub fn allowed_lines(&self, locked: Option<&LockedPlugin>) -> AllowedLines {
        locked
            .filter(|locked| *self == PluginIdentity::of_locked(locked))
            .map(LockedPlugin::allowed_lines)
            .unwrap_or_default()
    }
}

impl fmt::Display for PluginIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(signer) = &self.signer {
            write!(f, ", signed by {signer}")?;
        }
        if let Some(origin) = &self.origin {
            write!(f, ", first locked as {origin}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
