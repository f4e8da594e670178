//! The files of a node with changes that stay off the node: a scratch tree on top of a tree that is
//! only read. `operations` implements [`Files`] for the overlay, `opened` has its opened files,
//! `confined` the view for effects of plugins.
mod confined;
mod opened;
mod operations;

use crate::world::{Files, WorldResult, files::RootedFiles};
use kubephase_wit::{Failure, FailureCode};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Two trees. The upper tree gets all changes; the lower tree is never changed.
pub struct Overlay {
    upper: RootedFiles,
    lower: RootedFiles,
    /// Paths that were removed with everything below them, though the lower tree still has them.
    removed: Mutex<BTreeSet<String>>,
    /// New owners of paths of the lower tree and of everything below them.
    owners: Mutex<BTreeMap<String, (u32, u32)>>,
}

fn not_found(path: &str) -> Failure {
    Failure::new(FailureCode::NotFound, format!("{path} does not exist"))
}

/// Returns the directories above a path except the root, the innermost first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    Path::new(path)
        .ancestors()
        .skip(1)
        .filter_map(Path::to_str)
        .filter(|above| *above != "/")
}

/// Returns the path of a name in a directory.
fn child_path(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

impl Overlay {
    /// Returns an overlay of two trees. `lower` is never written.
    pub fn new(upper: RootedFiles, lower: RootedFiles) -> Self {
        Overlay {
            upper,
            lower,
            removed: Mutex::default(),
            owners: Mutex::default(),
        }
    }

    /// Whether a path of the lower tree, or a directory above it, was removed.
    fn is_removed(&self, path: &str) -> bool {
        let removed = self.removed.lock();
        Path::new(path)
            .ancestors()
            .any(|above| above.to_str().is_some_and(|above| removed.contains(above)))
    }

    /// Marks a path of the lower tree as removed.
    fn mark_removed(&self, path: &str) {
        self.removed.lock().insert(path.to_owned());
    }

    /// Returns the new owner of a path of the lower tree; `None` if its owner was not changed.
    fn new_owner(&self, path: &str) -> Option<(u32, u32)> {
        let owners = self.owners.lock();
        Path::new(path)
            .ancestors()
            .find_map(|above| owners.get(above.to_str()?))
            .copied()
    }

    /// Returns the tree from which a path is read: the upper one if it has the path, or if the path
    /// was removed.
    fn tree_of(&self, path: &str) -> WorldResult<&RootedFiles> {
        let is_upper = self.upper.stat(path)?.is_some() || self.is_removed(path);
        Ok(if is_upper { &self.upper } else { &self.lower })
    }

    /// Copies a file or directory of the lower tree to the upper one, because it is to be changed.
    fn copy_up(&self, path: &str) -> WorldResult<()> {
        if self.upper.stat(path)?.is_some() || self.is_removed(path) {
            return Ok(());
        }
        self.copy_up_parents(path)?;
        match self.stat(path)? {
            Some(meta) if meta.kind == "file" => self.upper.write(
                path,
                &self.lower.read(path)?,
                meta.mode,
                Some((meta.uid, meta.gid)),
            ),
            Some(meta) if meta.kind == "directory" => self.upper.make_dir(path, meta.mode),
            _ => Ok(()),
        }
    }

    /// Makes the directories above a path in the upper tree with the modes and owners that they
    /// have in the lower one.
    fn copy_up_parents(&self, path: &str) -> WorldResult<()> {
        let above: Vec<&str> = parents(path).collect();
        for directory in above.into_iter().rev() {
            if self.upper.stat(directory)?.is_some() {
                continue;
            }
            let Some(meta) = self
                .stat(directory)?
                .filter(|meta| meta.kind == "directory")
            else {
                return Ok(());
            };
            self.upper.make_dir(directory, meta.mode)?;
            self.upper
                .set_mode(directory, meta.mode, Some((meta.uid, meta.gid)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
