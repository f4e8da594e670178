//! Files and directories of the result, with their modes.
#![allow(
    clippy::disallowed_methods,
    reason = "the result is the operator's, not the node's"
)]
use anyhow::{Context, Result};
use std::{
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Makes a directory and its parents, and sets the directory's mode.
pub(super) fn make_directory(path: &Path, mode: u32) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", path.display()))
}

/// Writes a new file with a mode, and syncs it to the disk.
pub(super) fn write_file(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    write_new(path, content, mode).with_context(|| format!("cannot write {}", path.display()))
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()
}
