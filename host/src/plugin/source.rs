//! The sources of plugins: a file, a plugin's folder, a registry, or an OCI layout. Components of
//! registries are cached by their digest, so that later runs need no network.
#![allow(
    clippy::disallowed_methods,
    reason = "plugins are the operator's files, not the node's"
)]
use super::{
    cached::CachedPlugins,
    layout,
    registry::{FetchedComponent, reference::Reference},
};
use crate::{
    operator_files, pki::signature::MAX_SIGNATURE, program, text::digest::sha256_hex,
    wasm::plugin::read_component_file,
};
use anyhow::{Context, Result, bail};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The beginning of a source that is an OCI layout: `oci-layout:FOLDER`.
const LAYOUT: &str = "oci-layout:";

/// Fetches the component of a source. A path is relative to `base_dir`, the folder of the
/// configuration. `pinned` is the digest of the component, if it is known.
///
/// # Errors
/// The source cannot be read.
pub fn fetch(source: &str, base_dir: &Path, pinned: Option<&str>) -> Result<FetchedComponent> {
    if let Some(reference) = source.strip_prefix("oci://") {
        return super::registry::fetch(reference, pinned);
    }
    if let Some(path) = layout_path(source) {
        return layout::fetch(&base_dir.join(path), pinned);
    }
    if source.contains("://") {
        bail!(
            "{source} is not a source; write a file, a plugin's folder, oci://REGISTRY/NAME:TAG or \
             {LAYOUT}FOLDER"
        );
    }
    let path = component_file(&base_dir.join(source))?;
    // A bundle, or the cluster, may have brought what is not on this machine.
    let from_cache = || CachedPlugins::open().component(pinned?);
    let cached = if path.exists() { None } else { from_cache() };
    Ok(FetchedComponent {
        bytes: cached.map_or_else(|| read_component_file(&path), Ok)?,
        digest: None,
    })
}

/// Returns the file of the component if the source is a file or a plugin's folder that was built.
/// `None` for other sources.
pub fn source_file(source: &str, base_dir: &Path) -> Option<PathBuf> {
    if is_artifact(source) {
        None
    } else {
        component_file(&base_dir.join(source)).ok()
    }
}

/// Returns a source of the configuration `config` as a word of a command.
pub fn source_word(source: &str, config: &Path) -> String {
    if is_artifact(source) {
        return program::word(source);
    }
    let base_dir = config.parent().unwrap_or(Path::new(""));
    program::path_word(&base_dir.join(source))
}

/// Whether the file of a component is missing, and the cache has the component.
pub fn is_only_cached(file: &Path, pinned: Option<&str>) -> bool {
    !file.exists() && pinned.is_some_and(|digest| CachedPlugins::open().component(digest).is_some())
}

/// Returns the path of a source that is an OCI layout.
pub fn layout_path(source: &str) -> Option<&str> {
    source.strip_prefix(LAYOUT)
}

/// Returns the source for the path of an OCI layout.
pub fn layout_source(path: &str) -> String {
    format!("{LAYOUT}{path}")
}

/// Whether a source is an artifact of a registry or of a layout, and not a file.
fn is_artifact(source: &str) -> bool {
    source.contains("://") || source.starts_with(LAYOUT)
}

/// Whether a source may give another component each time: an artifact of a registry by its tag.
/// The operator changes files, so a file is not such a source.
pub fn needs_digest(source: &str) -> bool {
    source.strip_prefix("oci://").is_some_and(|reference| {
        Reference::parse(reference).is_ok_and(|parsed| parsed.digest.is_none())
    })
}

/// Reads the signature of a component of a source; `None` if the source has no signature.
///
/// # Errors
/// The signature cannot be read.
pub fn signature(source: &str, base_dir: &Path, component: &[u8]) -> Result<Option<String>> {
    if let Some(reference) = source.strip_prefix("oci://") {
        return super::registry::signature(reference, component);
    }
    if let Some(path) = layout_path(source) {
        return layout::signature(&base_dir.join(path), component);
    }
    let file = component_file(&base_dir.join(source))?;
    if !file.exists() {
        let cached = CachedPlugins::open().signature(source, &sha256_hex(component));
        return Ok(cached.filter(|text| !text.is_empty()));
    }
    let path = crate::pki::signature::signature_path(&file);
    match operator_files::read_text(&path, MAX_SIGNATURE) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Returns the file of a component: the path itself, or, for a plugin's folder, the component that
/// `plugin build` made.
///
/// # Errors
/// The folder is not a plugin's folder, or was not built.
pub fn component_file(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let built = crate::plugin::folder::component_path(path)?;
    if !built.is_file() {
        bail!(
            "{} was not built yet; run: {}",
            path.display(),
            program::command(&format!("plugin build {}", program::path_word(path)))
        );
    }
    Ok(built)
}
