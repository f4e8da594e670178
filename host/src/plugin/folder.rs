//! A plugin's folder: its manifest, and the component that `plugin build` writes there.
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

/// Name of the file that holds the manifest.
pub const MANIFEST: &str = "plugin.yaml";

/// Reads the manifest of a plugin's folder.
///
/// # Errors
/// The folder has no manifest, or the manifest is not valid.
pub fn read_manifest(folder: &Path) -> Result<Manifest> {
    let path = folder.join(MANIFEST);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Manifest::parse(&text)
}

/// Returns the path at which `plugin build` writes the component of a folder.
///
/// # Errors
/// The folder has no valid manifest, so the plugin's name is not known.
pub fn component_path(folder: &Path) -> Result<PathBuf> {
    Ok(folder.join(format!("{}.wasm", read_manifest(folder)?.name)))
}
