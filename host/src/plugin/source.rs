//! Where a plugin comes from: a file, a plugin's folder, or a registry. What a registry gave is
//! kept by its digest, so that a run needs no network.
#![allow(
    clippy::disallowed_methods,
    reason = "plugins are the operator's files, not the node's"
)]
use super::registry::{Fetched, reference::Reference};
use crate::{operator_files, pki::signature::MAX_SIGNATURE, wasm::plugin::read};
use anyhow::{Context, Result, bail};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Reads a source as the configuration in `beside` names it. `pinned` is the digest of the
/// component that is wanted, where that is known.
///
/// # Errors
/// Where it cannot be read.
pub fn fetch(source: &str, beside: &Path, pinned: Option<&str>) -> Result<Fetched> {
    if let Some(reference) = source.strip_prefix("oci://") {
        return super::registry::fetch(reference, pinned);
    }
    if source.contains("://") {
        bail!("{source}: a source is a file, a plugin's folder, or oci://REGISTRY/NAME:TAG");
    }
    let path = component_file(&beside.join(source))?;
    Ok(Fetched {
        bytes: read(&path)?,
        digest: None,
    })
}

/// The file of a source that is one, or a plugin's folder.
pub fn file(source: &str, beside: &Path) -> Option<PathBuf> {
    if source.contains("://") {
        None
    } else {
        component_file(&beside.join(source)).ok()
    }
}

/// Returns a source of the configuration `config` as an operator would type it in a command.
pub fn shown(source: &str, config: &Path) -> String {
    if source.contains("://") {
        return source.to_owned();
    }
    let beside = config.parent().unwrap_or(Path::new(""));
    beside.join(source).display().to_string()
}

/// Whether a source may give another component each time: an artifact of a registry by its tag.
/// The operator changes files, so a file is not such a source.
pub fn needs_digest(source: &str) -> bool {
    source.strip_prefix("oci://").is_some_and(|reference| {
        Reference::parse(reference).is_ok_and(|parsed| parsed.digest.is_none())
    })
}

/// The signature of what a source gave, where there is one.
///
/// # Errors
/// Where it cannot be read.
pub fn signature(source: &str, beside: &Path, component: &[u8]) -> Result<Option<String>> {
    if let Some(reference) = source.strip_prefix("oci://") {
        return super::registry::signature(reference, component);
    }
    let path = crate::pki::signature::signature_path(&component_file(&beside.join(source))?);
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
    let built = crate::plugin::folder::output(path)?;
    if !built.is_file() {
        bail!(
            "{} was not built yet; run `kubephase plugin build {}`",
            path.display(),
            path.display()
        );
    }
    Ok(built)
}
