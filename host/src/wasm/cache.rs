//! Compiled components, kept: compiling takes milliseconds a component, loading a fraction of one.
//!
//! What is compiled is trusted as the program itself is, so the directory has to belong to whoever runs this and be
//! writable by nobody else, and every entry begins with the digest of the rest.
#![allow(clippy::disallowed_methods, reason = "the cache is this program's own, not the node's")]
use aws_lc_rs::digest::{SHA256, digest};
use std::{
    env, fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

pub struct Cache(Option<PathBuf>);

const DIGEST_LEN: usize = 32;

impl Cache {
    /// `KUBEPHASE_CACHE_DIR`, else the system's cache for root and the user's own for others; without one that is safe
    /// nothing is kept.
    pub fn open() -> Cache {
        let root = rustix::process::geteuid().is_root();
        let home = || env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
        let place = env::var_os("KUBEPHASE_CACHE_DIR").map(PathBuf::from).or_else(|| if root { Some("/var/cache".into()) } else { home() }.map(|dir| dir.join("kubephase")));
        Cache(place.filter(|place| safe(place)))
    }

    #[cfg(test)]
    pub fn at(place: &Path) -> Cache {
        Cache(Some(place.to_owned()).filter(|place| safe(place)))
    }

    /// An entry that is whole.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut entry = fs::read(self.0.as_ref()?.join(key)).ok()?;
        if entry.len() < DIGEST_LEN {
            return None;
        }
        let content = entry.split_off(DIGEST_LEN);
        (digest(&SHA256, &content).as_ref() == entry.as_slice()).then_some(content)
    }

    /// Keeps an entry; one that cannot be kept is compiled again next time.
    pub fn put(&self, key: &str, content: &[u8]) {
        let Some(place) = &self.0 else { return };
        let keep = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(place)?;
            std::io::Write::write_all(&mut file, digest(&SHA256, content).as_ref())?;
            std::io::Write::write_all(&mut file, content)?;
            file.persist(place.join(key)).map(drop).map_err(|error| error.error)
        };
        // A full disk costs time, not correctness.
        let _ = keep();
    }
}

/// Ours, and nobody else may write there.
fn safe(place: &Path) -> bool {
    if fs::DirBuilder::new().recursive(true).mode(0o700).create(place).is_err() {
        return false;
    }
    fs::symlink_metadata(place).is_ok_and(|meta| {
        meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.permissions().mode() & 0o022 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_was_touched_is_none() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::at(place.path());
        cache.put("key", b"code");
        assert_eq!(cache.get("key").unwrap(), b"code");
        let path = place.path().join("key");
        let mut entry = fs::read(&path).unwrap();
        *entry.last_mut().unwrap() ^= 1;
        fs::write(&path, entry).unwrap();
        assert!(cache.get("key").is_none());
        fs::write(&path, b"x").unwrap();
        assert!(cache.get("key").is_none() && cache.get("other").is_none());
    }

    #[test]
    fn a_directory_others_can_write_to_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let cache = Cache::at(place.path());
        cache.put("key", b"code");
        assert!(cache.get("key").is_none());
    }
}
