//! The place that a plugin comes from: its source without a version, and the random origin that
//! distinguishes files at the same place.
use super::registry::reference::Reference;
use crate::pki::signature::Signer;
use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use std::path::{Component, Path, PathBuf};

/// The source and the origin of a plugin as it was locked before.
pub struct LockedPlace<'a> {
    pub source: &'a str,
    pub origin: Option<&'a String>,
}

/// Returns the origin of a plugin that is locked, perhaps in place of another plugin. The file of
/// an unsigned plugin is at the same place in many configurations, so its origin is random; it
/// stays with the lock, and with the configuration that the cluster keeps.
///
/// # Panics
/// If the operating system cannot provide random numbers.
pub fn origin(
    before: Option<LockedPlace<'_>>,
    source: &str,
    signer: Option<&Signer>,
) -> Option<String> {
    match before.filter(|before| is_same_place(before.source, source)) {
        Some(before) => before.origin.cloned(),
        None if signer.is_some() || source.starts_with("oci://") => None,
        None => Some(HEXLOWER.encode(&random_number())),
    }
}

fn random_number() -> [u8; 16] {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the system has randomness to give");
    bytes
}

/// Whether two sources name the same place. Their versions may differ.
pub fn is_same_place(one: &str, other: &str) -> bool {
    place(one) == place(other)
}

/// Returns a source without its version: without tag and digest of a registry's artifact, and
/// without the components of a path that mean nothing (`./`).
pub(super) fn place(source: &str) -> String {
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
