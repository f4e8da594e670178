//! A node's files as they would be: a scratch tree on top, and below it a tree that is only read.
use crate::world::{Files, Tried, files::RootedFiles};
use kubephase_wit::{Failure, FileMeta};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Mutex, PoisonError},
};

pub struct Overlay {
    upper: RootedFiles,
    lower: RootedFiles,
    /// removed here with all below them, though still there in the lower tree
    gone: Mutex<BTreeSet<String>>,
}

impl Overlay {
    pub fn new(upper: RootedFiles, lower: RootedFiles) -> Self {
        Overlay { upper, lower, gone: Mutex::default() }
    }

    fn is_gone(&self, path: &str) -> bool {
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        Path::new(path).ancestors().any(|above| above.to_str().is_some_and(|above| gone.contains(above)))
    }

    /// A file of the lower tree that is to be changed is copied up first.
    fn raise(&self, path: &str) -> Tried<()> {
        if self.upper.stat(path)?.is_some() || self.is_gone(path) {
            return Ok(());
        }
        match self.lower.stat(path)? {
            Some(meta) if meta.kind == "file" => self.upper.write(path, &self.lower.read(path)?, meta.mode, None),
            Some(meta) if meta.kind == "directory" => self.upper.make_dir(path, meta.mode),
            _ => Ok(()),
        }
    }

    /// Whichever tree has it.
    fn holder(&self, path: &str) -> Tried<&RootedFiles> {
        let above = self.upper.stat(path)?.is_some() || self.is_gone(path);
        Ok(if above { &self.upper } else { &self.lower })
    }
}

impl Files for Overlay {
    fn stat(&self, path: &str) -> Tried<Option<FileMeta>> {
        self.holder(path)?.stat(path)
    }

    fn read(&self, path: &str) -> Tried<Vec<u8>> {
        self.holder(path)?.read(path)
    }

    fn real_path(&self, path: &str) -> Tried<String> {
        self.holder(path)?.real_path(path)
    }

    fn list(&self, path: &str) -> Tried<Vec<String>> {
        let mut names = BTreeSet::new();
        let above = self.upper.stat(path)?.is_some();
        if above {
            names.extend(self.upper.list(path)?);
        }
        let below = !self.is_gone(path) && self.lower.stat(path)?.is_some();
        if below {
            let here = |name: &String| !self.is_gone(&format!("{}/{name}", path.trim_end_matches('/')));
            names.extend(self.lower.list(path)?.into_iter().filter(here));
        }
        if above || below { Ok(names.into_iter().collect()) } else { Err(Failure::new("not-found", format!("{path} does not exist"))) }
    }

    fn write(&self, path: &str, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        self.upper.write(path, content, mode, owner)
    }

    fn make_dir(&self, path: &str, mode: u32) -> Tried<()> {
        self.raise(path)?;
        self.upper.make_dir(path, mode)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        self.raise(path)?;
        self.upper.set_mode(path, mode, owner)
    }

    fn remove(&self, path: &str) -> Tried<()> {
        if self.upper.stat(path)?.is_some() {
            self.upper.remove(path)?;
        }
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        Ok(())
    }

    fn remove_all(&self, path: &str) -> Tried<()> {
        self.upper.remove_all(path)?;
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_gone_with_all_below_it_and_may_come_again() {
        let [upper, lower] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let open = |folder: &tempfile::TempDir| RootedFiles::open(folder.path()).unwrap();
        open(&lower).write("/etc/pki/etcd/ca.key", b"below", 0o600, None).unwrap();
        let overlay = Overlay::new(open(&upper), open(&lower));
        overlay.write("/etc/pki/etcd/new", b"above", 0o600, None).unwrap();
        assert_eq!(overlay.list("/etc/pki/etcd").unwrap(), ["ca.key", "new"]);
        overlay.remove_all("/etc/pki/etcd").unwrap();
        assert!(overlay.stat("/etc/pki/etcd/ca.key").unwrap().is_none() && overlay.stat("/etc/pki/etcd").unwrap().is_none());
        assert_eq!(overlay.list("/etc/pki").unwrap(), Vec::<String>::new());
        overlay.write("/etc/pki/etcd/new", b"again", 0o600, None).unwrap();
        assert_eq!(overlay.list("/etc/pki/etcd").unwrap(), ["new"]);
        assert_eq!(open(&lower).read("/etc/pki/etcd/ca.key").unwrap(), b"below", "the lower tree is never written");
    }
}
