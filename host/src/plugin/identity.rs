//! The identity of a plugin, which the operator's consent belongs to. A plugin chooses its own
//! name, so consent never goes by the name alone.
use super::{lines::Allowed, lock::Locked, registry::reference::Reference};
use crate::pki::signature::Signer;
use crate::text::digest::sha256_hex;
use std::{
    fmt,
    path::{Component, Path, PathBuf},
};

/// Hexadecimal digits of an identity's digest; a label's value has at most 63 characters.
const DIGEST_LENGTH: usize = 40;

/// Where a plugin comes from, whatever its version, and who has to have signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginIdentity {
    place: String,
    signer: Option<Signer>,
}

impl PluginIdentity {
    /// The identity of a plugin from `source` as the configuration names it.
    pub fn new(source: &str, signer: Option<&Signer>) -> Self {
        PluginIdentity {
            place: place(source),
            signer: signer.cloned(),
        }
    }

    /// The identity of a plugin in the lock.
    pub fn of_locked(locked: &Locked) -> Self {
        PluginIdentity::new(&locked.source, locked.signer.as_ref())
    }

    /// A digest of the identity that fits into a label of an object of the cluster.
    pub fn digest(&self) -> String {
        let mut digest = sha256_hex(self.to_string().as_bytes());
        digest.truncate(DIGEST_LENGTH);
        digest
    }

    /// Returns what the operator allowed a plugin of this identity: nothing if the lock has the
    /// plugin with another identity.
    pub fn allowed(&self, locked: Option<&Locked>) -> Allowed {
        locked
            .filter(|locked| *self == PluginIdentity::of_locked(locked))
            .map(Locked::allowed)
            .unwrap_or_default()
    }
}

impl fmt::Display for PluginIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        let signed = |signer| write!(f, ", signed by {signer}");
        self.signer.as_ref().map_or(Ok(()), signed)
    }
}

/// Whether two sources name the same place, if perhaps another version.
pub fn is_same_place(one: &str, other: &str) -> bool {
    place(one) == place(other)
}

/// Returns a source without its version: without tag and digest of a registry's artifact, and
/// without the components of a path that mean nothing (`./`).
fn place(source: &str) -> String {
    if let Some(reference) = source.strip_prefix("oci://") {
        let parsed = Reference::parse(reference).map(|parsed| Reference {
            tag: None,
            digest: None,
            ..parsed
        });
        return parsed.map_or_else(|_| source.to_owned(), |parsed| parsed.to_string());
    }
    let components = Path::new(source).components();
    let plain: PathBuf = components.filter(|c| *c != Component::CurDir).collect();
    plain.display().to_string()
}

#[cfg(test)]
mod tests;
