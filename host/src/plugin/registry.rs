//! Plugins in OCI registries: pulled by tag or digest, kept by the digest of the component, with its signature,
//! pushed by `plugin push`.
#![allow(clippy::disallowed_methods, reason = "the store is this program's own, not the node's")]
use super::source::Fetched;
use crate::wasm::{cache::Cache, engine::digest_of};
use anyhow::{Context, Result, anyhow, bail};
use data_encoding::BASE64;
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol, Config, ImageLayer},
    manifest::OciImageManifest,
    secrets::RegistryAuth,
};
use std::collections::BTreeMap;

/// Media types of a component, as registries have them; the first is what is pushed.
const COMPONENT: [&str; 2] = ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"];
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The annotation of an artifact that has the signature of its component, in base64: registries take no line breaks there.
const SIGNATURE: &str = "dev.kubephase.plugin.minisig";
/// Who to be at the registry; nobody, where they are not set.
const USER: &str = "KUBEPHASE_REGISTRY_USER";
const PASSWORD: &str = "KUBEPHASE_REGISTRY_PASSWORD";

/// What is kept under `pinned`, else what the registry has.
///
/// # Errors
/// Where the registry cannot be reached, has no such plugin, or gives another one than is wanted.
pub fn fetch(reference: &str, pinned: Option<&str>) -> Result<Fetched> {
    let kept = Cache::open();
    if let Some(pinned) = pinned
        && let Some(bytes) = kept.get(&key(pinned))
        && digest_of(&bytes) == pinned
    {
        return Ok(Fetched { bytes, digest: None });
    }
    let parsed = parse(reference)?;
    let (bytes, digest, signature) = blocking(async {
        let pulled = client(&parsed).pull(&parsed, &auth(), COMPONENT.to_vec()).await;
        let pulled = pulled.with_context(|| format!("cannot pull oci://{reference}"))?;
        let [layer] = pulled.layers.as_slice() else { bail!("oci://{reference} has {} layers; a plugin is one", pulled.layers.len()) };
        Ok((layer.data.to_vec(), pulled.digest, pulled.manifest.and_then(annotated)))
    })?;
    let component = digest_of(&bytes);
    kept.put(&key(&component), &bytes);
    kept.put(&signature_key(reference, &component), signature.unwrap_or_default().as_bytes());
    Ok(Fetched { bytes, digest })
}

/// The signature that is kept of what a reference gave, else the one that the registry has.
///
/// # Errors
/// Where the registry cannot be reached.
pub fn signature(reference: &str, component: &[u8]) -> Result<Option<String>> {
    let (kept, key) = (Cache::open(), signature_key(reference, &digest_of(component)));
    if let Some(signature) = kept.get(&key).and_then(|text| String::from_utf8(text).ok()).filter(|text| !text.is_empty()) {
        return Ok(Some(signature));
    }
    let parsed = parse(reference)?;
    let pulled = blocking(async { Ok(client(&parsed).pull_image_manifest(&parsed, &auth()).await?) });
    Ok(annotated(pulled.with_context(|| format!("cannot look for the signature of oci://{reference}"))?.0))
}

fn annotated(manifest: OciImageManifest) -> Option<String> {
    let annotation = manifest.annotations?.remove(SIGNATURE)?;
    // What is none of ours is no signature.
    String::from_utf8(BASE64.decode(annotation.as_bytes()).ok()?).ok()
}

/// Publishes a component and its signature; the digest of what the registry has then.
///
/// # Errors
/// Where the registry cannot be reached or refuses it.
pub fn push(reference: &str, component: Vec<u8>, signature: Option<String>) -> Result<String> {
    let parsed = parse(reference)?;
    blocking(async {
        let layer = ImageLayer::new(component, COMPONENT[0].to_owned(), None);
        let config = Config::new(b"{}".to_vec(), CONFIG.to_owned(), None);
        let layers = [layer];
        let annotations = signature.map(|signature| BTreeMap::from([(SIGNATURE.to_owned(), BASE64.encode(signature.as_bytes()))]));
        let manifest = OciImageManifest::build(&layers, &config, annotations);
        let pushed = client(&parsed).push(&parsed, &layers, config, &auth(), Some(manifest)).await;
        let pushed = pushed.with_context(|| format!("cannot push oci://{reference}"))?;
        Ok(pushed.manifest_url.rsplit('/').next().unwrap_or_default().to_owned())
    })
}

fn key(digest: &str) -> String {
    format!("{digest}.wasm")
}

/// Others may have signed the same component elsewhere.
fn signature_key(reference: &str, digest: &str) -> String {
    format!("{digest}-{}.minisig", digest_of(reference.as_bytes()))
}

fn parse(reference: &str) -> Result<Reference> {
    reference.parse().map_err(|error| anyhow!("oci://{reference}: {error}"))
}

/// Over HTTPS, but for a registry on this machine.
fn client(reference: &Reference) -> Client {
    let registry = reference.resolve_registry();
    let local = ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| registry.split(':').next() == Some(host));
    let protocol = if local { ClientProtocol::Http } else { ClientProtocol::Https };
    Client::new(ClientConfig { protocol, ..ClientConfig::default() })
}

fn auth() -> RegistryAuth {
    match (std::env::var(USER), std::env::var(PASSWORD)) {
        (Ok(user), Ok(password)) => RegistryAuth::Basic(user, password),
        _ => RegistryAuth::Anonymous,
    }
}

fn blocking<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
