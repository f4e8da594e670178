//! A plugin's folder: its manifest, and the component that `plugin build` writes there.
#![allow(
    clippy::disallowed_methods,
    reason = "the folder is the author's or the operator's"
)]
use crate::{
    program,
    wasm::{manifest::Manifest, plugin::read_component_file, section},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};
use wasmparser::{Parser, Payload};

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

/// Checks that the component of a plugin's folder has the manifest that is in the folder now. A
/// path that is not a folder, or a folder that was not built, passes.
///
/// # Errors
/// `plugin.yaml` was changed after the component was built, or the component is damaged.
pub fn check_is_current(path: &Path) -> Result<()> {
    let manifest = path.join(MANIFEST);
    if !path.is_dir() || !manifest.is_file() {
        return Ok(());
    }
    let component = component_path(path)?;
    if !component.is_file() {
        return Ok(());
    }
    let bytes = read_component_file(&component)?;
    let now = fs::read(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    if manifest_of(&bytes) == Some(&now) {
        return Ok(());
    }
    bail!(
        "{} was changed after {} was built; run: {}",
        manifest.display(),
        component.display(),
        program::command(&format!("plugin build {}", program::path_word(path)))
    )
}

/// Returns the manifest in a component; `None` if it has none, or is not a component.
fn manifest_of(component: &[u8]) -> Option<&[u8]> {
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::CustomSection(section)
                if depth == 1 && section.name() == section::MANIFEST =>
            {
                return Some(section.data());
            }
            _ => {}
        }
    }
    None
}

/// Returns the path at which `plugin build` writes the component of a folder.
///
/// # Errors
/// The folder has no valid manifest, so the plugin's name is not known.
pub fn component_path(folder: &Path) -> Result<PathBuf> {
    Ok(folder.join(format!("{}.wasm", read_manifest(folder)?.name)))
}
