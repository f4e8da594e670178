//! The identity of a plugin, which the operator's consent belongs to. A plugin chooses its own
//! name, so consent never goes by the name alone.
use super::{lines::Allowed, lock::Locked, registry::reference::Reference};
use crate::pki::signature::Signer;
use crate::text::digest::sha256_hex;
use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
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
    /// tells files at the same place of different configurations apart, where something of the
    /// cluster or the node belongs to the plugin
    origin: Option<String>,
}

impl PluginIdentity {
    /// The identity of a plugin from `source` as the configuration names it.
    pub fn new(source: &str, signer: Option<&Signer>) -> Self {
        PluginIdentity {
            place: place(source),
            signer: signer.cloned(),
            origin: None,
        }
    }

    /// The identity by which objects and files belong to a plugin.
    #[must_use]
    pub fn with_origin(self, origin: Option<&str>) -> Self {
        let origin = origin.map(str::to_owned);
        PluginIdentity { origin, ..self }
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
        if let Some(signer) = &self.signer {
            write!(f, ", signed by {signer}")?;
        }
        if let Some(origin) = &self.origin {
            write!(f, ", first locked as {origin}")?;
        }
        Ok(())
    }
}

/// Returns the origin of a plugin that is locked in place of another, or of none. The file of an
/// unsigned plugin is at the same place in many configurations, so its origin is random; it stays
/// with the lock, and with the configuration that the cluster keeps.
pub fn origin(before: Option<&Locked>, source: &str, signer: Option<&Signer>) -> Option<String> {
    match before.filter(|before| is_same_place(&before.source, source)) {
        Some(before) => before.origin.clone(),
        None if signer.is_some() || source.starts_with("oci://") => None,
        None => Some(HEXLOWER.encode(&random())),
    }
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the system has randomness to give");
    bytes
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
