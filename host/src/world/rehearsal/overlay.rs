//! A node's files as they would be: a scratch tree on top, and below it a tree that is only read.
use crate::world::{Files, Tried, files::RootedFiles};
use kubephase_wit::{Failure, FileMeta};
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

pub struct Overlay {
    upper: RootedFiles,
    lower: RootedFiles,
    /// removed here, though still there below
    gone: Mutex<BTreeSet<String>>,
}

impl Overlay {
    pub fn new(upper: RootedFiles, lower: RootedFiles) -> Self {
        Overlay { upper, lower, gone: Mutex::default() }
    }

    fn is_gone(&self, path: &str) -> bool {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
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
        let mut found = false;
        for tree in [&self.upper, &self.lower] {
            if tree.stat(path)?.is_some() {
                found = true;
                names.extend(tree.list(path)?);
            }
        }
        names.retain(|name| !self.is_gone(&format!("{}/{name}", path.trim_end_matches('/'))));
        if found { Ok(names.into_iter().collect()) } else { Err(Failure::new("not-found", format!("{path} does not exist"))) }
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
}
