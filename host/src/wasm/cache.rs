//! Compiled components, kept: compiling takes milliseconds a component, loading a fraction of one.
//!
//! What is compiled is trusted as the program itself is, so the directory has to belong to whoever runs this and be
//! writable by nobody else, and the digest of every entry is kept beside it: BLAKE3, as all of them are read in every run.
#![allow(clippy::disallowed_methods, reason = "the cache is this program's own, not the node's")]
use std::{
    env, fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The directory, or why there is none.
pub struct Cache(Result<PathBuf, String>);

/// Where the digest of an entry is.
fn beside(entry: &Path) -> PathBuf {
    entry.with_added_extension("blake3")
}

impl Cache {
    /// `KUBEPHASE_CACHE_DIR`, else the system's cache for root and the user's own for others; without one that is safe
    /// nothing is kept.
    pub fn open() -> Cache {
        let root = rustix::process::geteuid().is_root();
        let system = || root.then(|| PathBuf::from("/var/cache"));
        let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let own = || absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        match env::var_os("KUBEPHASE_CACHE_DIR").map(PathBuf::from).or_else(|| Some(system().or_else(own)?.join("kubephase"))) {
            Some(place) => Cache::at(&place),
            None => Cache(Err("there is no place for them: neither KUBEPHASE_CACHE_DIR nor HOME is set".into())),
        }
    }

    pub fn at(place: &Path) -> Cache {
        Cache(safe(place).map(|()| place.to_owned()).map_err(|why| format!("{}: {why}", place.display())))
    }

    /// Why nothing is kept.
    pub fn unusable(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    /// An entry that is whole.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let path = self.0.as_ref().ok()?.join(key);
        let content = fs::read(&path).ok()?;
        let known = fs::read(beside(&path)).ok()?;
        (blake3::hash(&content).as_bytes() == known.as_slice()).then_some(content)
    }

    /// The file of an entry that is whole, to be mapped. Between this look and the next only this user could change it.
    pub fn file(&self, key: &str) -> Option<PathBuf> {
        let path = self.0.as_ref().ok()?.join(key);
        let known = fs::read(beside(&path)).ok()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(fs::File::open(&path).ok()?).ok()?;
        (hasher.finalize().as_bytes() == known.as_slice()).then_some(path)
    }

    /// Keeps an entry; one that cannot be kept is compiled again next time.
    pub fn put(&self, key: &str, content: &[u8]) {
        let Ok(place) = &self.0 else { return };
        let keep = |path: &Path, content: &[u8]| -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(place)?;
            std::io::Write::write_all(&mut file, content)?;
            file.persist(path).map(drop).map_err(|error| error.error)
        };
        let path = place.join(key);
        // A full disk costs time, not correctness; whoever comes between the two finds an entry that is not whole.
        let _ = keep(&path, content).and_then(|()| keep(&beside(&path), blake3::hash(content).as_bytes()));
    }
}

/// Ours, and nobody else may write there.
fn safe(place: &Path) -> Result<(), String> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(place).map_err(|error| error.to_string())?;
    let meta = fs::symlink_metadata(place).map_err(|error| error.to_string())?;
    if !meta.is_dir() {
        return Err("it is not a directory".into());
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("it belongs to user {}", meta.uid()));
    }
    match meta.permissions().mode() & 0o777 {
        mode if mode & 0o022 == 0 => Ok(()),
        mode => Err(format!("others can write to it (mode {mode:04o}); run `chmod go-w` on it")),
    }
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
        assert!(cache.unusable().unwrap().contains("others can write to it (mode 0777)"));
    }

    #[test]
    fn a_link_to_a_directory_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("link");
        std::os::unix::fs::symlink(place.path(), &link).unwrap();
        assert!(Cache::at(&link).unusable().unwrap().contains("not a directory"));
    }
}
