//! A plugin's folder: its manifest, and the component that `plugin build` leaves there.
#![allow(
    clippy::disallowed_methods,
    reason = "the folder is the author's or the operator's"
)]
use crate::wasm::manifest::Manifest;
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The file of the manifest.
pub const MANIFEST: &str = "plugin.yaml";

/// The manifest of a plugin's folder.
///
/// # Errors
/// Where there is none, or it is wrong.
pub fn manifest(folder: &Path) -> Result<Manifest> {
    let path = folder.join(MANIFEST);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Manifest::parse(&text)
}

/// Where the component of a folder is once it is built.
///
/// # Errors
/// Where the folder has no manifest that names it.
pub fn output(folder: &Path) -> Result<PathBuf> {
    Ok(folder.join(format!("{}.wasm", manifest(folder)?.name)))
}
