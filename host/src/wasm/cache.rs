//! Compiled components, kept: compiling takes milliseconds a component, loading a fraction of one.
//!
//! What is compiled is trusted as the program itself is, so the directory has to belong to whoever runs this and be
//! writable by nobody else, and every entry ends with the digest of the rest of it: BLAKE3, as all of them are read in every
//! run. (A compiled form is an ELF file, which may have anything behind it.)
#![allow(clippy::disallowed_methods, reason = "the cache is this program's own, not the node's")]
use std::{
    env,
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The directory, or why there is none.
pub struct Cache(Result<PathBuf, String>);

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
        let mut content = fs::read(self.0.as_ref().ok()?.join(key)).ok()?;
        let digest = content.split_off(content.len().checked_sub(blake3::OUT_LEN)?);
        (blake3::hash(&content).as_slice() == digest).then_some(content)
    }

    /// The file of an entry that is whole, to be mapped. Between this look and the next only this user could change it.
    pub fn file(&self, key: &str) -> Option<PathBuf> {
        let path = self.0.as_ref().ok()?.join(key);
        let (mut hasher, mut digest) = (blake3::Hasher::new(), [0; blake3::OUT_LEN]);
        let mut entry = File::open(&path).ok()?;
        let content = entry.metadata().ok()?.len().checked_sub(digest.len() as u64)?;
        hasher.update_reader((&mut entry).take(content)).ok()?;
        entry.read_exact(&mut digest).ok()?;
        (hasher.finalize() == digest).then_some(path)
    }

    /// Keeps an entry; one that cannot be kept is compiled again next time.
    pub fn put(&self, key: &str, content: &[u8]) {
        let Ok(place) = &self.0 else { return };
        let keep = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(place)?;
            file.write_all(content)?;
            file.write_all(blake3::hash(content).as_bytes())?;
            file.persist(place.join(key)).map(drop).map_err(|error| error.error)
        };
        // A full disk costs time, not correctness.
        let _ = keep();
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
        assert_eq!(cache.file("key").unwrap(), path);
        let entry = fs::read(&path).unwrap();
        let none = |entry: &[u8]| {
            fs::write(&path, entry).unwrap();
            assert!(cache.get("key").is_none() && cache.file("key").is_none());
        };
        for at in 0..entry.len() {
            let mut touched = entry.clone();
            touched[at] ^= 1;
            none(&touched);
            none(&entry[..at]);
        }
        none(&[&entry[..], b"x"].concat());
        assert!(cache.get("other").is_none() && cache.file("other").is_none());
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
