//! Commands for the authors of plugins: `plugin keygen`, `plugin sign` and `plugin push`.
use super::load_request;
use crate::{
    cli::{Exit, print},
    pki::signature,
    plugin::{
        artifact::NewArtifact,
        folder, load,
        registry::{self, reference::Reference},
        source,
    },
    program::{self, Program},
    wasm::engine::Engine,
};
use anyhow::{Context, Result, anyhow};
use std::path::Path;

/// Makes a key pair to sign components with: the files `NAME.key` and `NAME.pub`.
///
/// # Errors
/// A file cannot be written, or exists already.
pub fn keygen(name: &Path) -> Result<Exit> {
    let (secret, public, signer) = signature::generate_key_files(name)?;
    let program = Program::current().name();
    Ok(print::text(&format!(
        "{} is secret and signs components; {} is for the users of the components:\n\n  {program} \
         plugin sign COMPONENT --key {}\n  {program} plugin add SOURCE --config CLUSTER.yaml \
         --signer {signer}\n",
        secret.display(),
        public.display(),
        program::path_word(&secret)
    )))
}

/// Signs the component of a plugin.
///
/// # Errors
/// The component or the key cannot be used, or the signature cannot be written.
pub fn sign(plugin: &Path, key: &Path, engine: &Engine) -> Result<Exit> {
    folder::check_is_current(plugin)?;
    let file = source::component_file(plugin)?;
    let from = file.display().to_string();
    let request = load_request(&from, None);
    let component = load::fetch(&request)?.bytes;
    let loaded = load::read(&request, component.clone(), engine)?;
    let manifest = loaded.manifest();
    let signature = signature::sign(
        &component,
        key,
        &format!("{} {}", manifest.name, manifest.version),
    )?;
    let at = signature::write_signature(&file, &signature)?;
    Ok(print::text(&format!(
        "{} {} is signed: {}\n",
        manifest.name,
        manifest.version,
        at.display()
    )))
}

/// Pushes the component of a plugin to a registry.
///
/// # Errors
/// The component cannot be used, or the registry refuses it.
pub fn push(from: &str, reference: &str, engine: &Engine) -> Result<Exit> {
    let reference = reference
        .strip_prefix("oci://")
        .ok_or_else(|| anyhow!("{reference}: write oci://REGISTRY/NAME:TAG"))?;
    let reference = Reference::parse(reference)?;
    folder::check_is_current(Path::new(from))?;
    let request = load_request(from, None);
    let component = load::fetch(&request)?.bytes;
    let plugin = load::read(&request, component.clone(), engine)?;
    let signature = source::signature(from, Path::new(""), &component)?;
    let signed = match &signature {
        Some(signature) => {
            format!(
                "signed by {}",
                signature::key_id(signature)
                    .context("its signature is not a minisign signature; sign it anew")?
            )
        }
        None => "not signed".into(),
    };
    let artifact = NewArtifact::new(&component, plugin.manifest(), signature.as_deref())?;
    let digest = registry::push(&reference, component, artifact)?;
    Ok(print::text(&format!("{reference} is {digest}, {signed}\n")))
}
