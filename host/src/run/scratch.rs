//! Scratch trees: directories that a rehearsal changes instead of the machine.
#![allow(
    clippy::disallowed_methods,
    reason = "scratch trees are the operator's, not the node's"
)]
use super::signals::TemporaryRegistration;
use anyhow::{Context, Result, anyhow};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A scratch tree: a directory that the operator named, or a temporary one.
pub struct ScratchTree {
    pub path: PathBuf,
    temporary: Option<(TempDir, TemporaryRegistration)>,
}

impl ScratchTree {
    /// Uses the directory that the operator named, and makes it if it is missing.
    ///
    /// # Errors
    /// The directory cannot be made, or it is the root of this machine.
    pub fn open(path: &Path) -> Result<ScratchTree> {
        fs::create_dir_all(path).with_context(|| {
            format!(
                "cannot make the scratch root {} (name another directory with --root)",
                path.display()
            )
        })?;
        reject_machine(path)?;
        Ok(ScratchTree {
            path: path.to_owned(),
            temporary: None,
        })
    }

    /// Makes a temporary directory that is removed with this value.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn temporary() -> Result<ScratchTree> {
        let directory = make_temporary()?;
        let registered = TemporaryRegistration::register(directory.path());
        Ok(ScratchTree {
            path: directory.path().to_owned(),
            temporary: Some((directory, registered)),
        })
    }

    /// Makes a directory in the directory for temporary files. It stays after the run.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn create_lasting() -> Result<ScratchTree> {
        Ok(ScratchTree {
            path: make_temporary()?.keep(),
            temporary: None,
        })
    }

    /// Uses the named directory; without one, a temporary directory.
    ///
    /// # Errors
    /// The directory cannot be made, or it is the root of this machine.
    pub fn open_or_temporary(path: Option<&Path>) -> Result<ScratchTree> {
        path.map_or_else(ScratchTree::temporary, ScratchTree::open)
    }

    /// Whether the tree stays after the run.
    pub fn stays(&self) -> bool {
        self.temporary.is_none()
    }
}

fn make_temporary() -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("kubephase-")
        .tempdir()
        .context("cannot make a scratch root")
}

/// Refuses the root of this machine as a scratch tree, under any name.
///
/// # Errors
/// The directory is the root of this machine.
pub fn reject_machine(root: &Path) -> Result<()> {
    if identity(root) == identity(Path::new("/")) {
        return Err(anyhow!(
            "--root {} is this machine itself, not a scratch tree: leave --root out to change the \
             machine, or name another directory",
            root.display()
        ));
    }
    Ok(())
}

/// Returns the device and the inode of a directory; `None` if there is no such directory.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests;
