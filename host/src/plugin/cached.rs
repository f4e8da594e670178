//! Components and signatures in the cache. A component is kept by its digest, so that later runs
//! need neither its source nor a network.
use crate::{text::digest::sha256_hex, wasm::cache::Cache};
use anyhow::{Result, bail};

/// The cache of the components of this user.
pub struct CachedPlugins(Cache);

impl CachedPlugins {
    /// Opens the cache. If there is no safe directory for it, it keeps nothing.
    pub fn open() -> CachedPlugins {
        CachedPlugins(Cache::open())
    }

    /// Checks that the cache keeps something.
    ///
    /// # Errors
    /// It does not; the message says why.
    pub fn check_usable(&self) -> Result<()> {
        match self.0.unusable_reason() {
            None => Ok(()),
            Some(why) => bail!(
                "there is no cache for plugins: {why}; name another directory in \
                 KUBEPHASE_CACHE_DIR"
            ),
        }
    }

    /// Returns the component with a digest.
    pub fn component(&self, digest: &str) -> Option<Vec<u8>> {
        let bytes = self.0.get(&component_key(digest))?;
        (sha256_hex(&bytes) == digest).then_some(bytes)
    }

    /// Returns the signature of a component of a source; empty if the source had none.
    pub fn signature(&self, source: &str, digest: &str) -> Option<String> {
        let text = self.0.get(&signature_key(source, digest))?;
        String::from_utf8(text).ok()
    }

    /// Keeps a component of a source, and its signature.
    pub fn keep(&self, source: &str, component: &[u8], signature: Option<&str>) {
        let digest = sha256_hex(component);
        self.0.put(&component_key(&digest), component);
        self.0.put(
            &signature_key(source, &digest),
            signature.unwrap_or_default().as_bytes(),
        );
    }
}

/// Returns the cache key of a component.
fn component_key(digest: &str) -> String {
    format!("{digest}.wasm")
}

/// Returns the cache key of a signature. It includes the source, because a component may have
/// different signatures in different places.
fn signature_key(source: &str, digest: &str) -> String {
    format!("{digest}-{}.minisig", sha256_hex(source.as_bytes()))
}
