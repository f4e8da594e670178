//! Plugins in OCI registries. A plugin is pulled by tag or digest, and kept in the cache by the
//! component's digest, with its signature. `plugin push` pushes a plugin.
mod client;
pub mod images;
pub mod reference;
#[cfg(test)]
mod tests;

use super::{
    artifact::{self, NewArtifact},
    cached::CachedPlugins,
    credentials::Keyring,
};
use crate::{
    oci::manifest::{ArtifactManifest, MANIFEST, MAX_MANIFEST, oci_digest},
    text::digest::sha256_hex,
};
use anyhow::{Context, Result, bail};
use client::{Client, RegistryRequest, Times};
use http::Method;
use hyper::body::Bytes;
use reference::Reference;

/// An artifact that was pulled.
#[derive(Debug)]
struct PulledArtifact {
    component: Vec<u8>,
    /// `sha256:` and the hexadecimal digest of the manifest
    digest: String,
    signature: Option<String>,
}

/// A component that was fetched, and, if it came from a registry, the digest of its artifact.
#[derive(Debug)]
pub struct FetchedComponent {
    pub bytes: Vec<u8>,
    /// `sha256:` and the hexadecimal digest of the artifact's manifest; `None` if the component is
    /// a file, or comes from the cache
    pub digest: Option<String>,
}

/// Returns the component with the digest `pinned` from the cache. Pulls the component if the cache
/// does not have it, or if no digest is pinned.
///
/// # Errors
/// The registry cannot be reached, answers too slowly or with too much, or has no such plugin.
pub fn fetch(reference: &str, pinned: Option<&str>) -> Result<FetchedComponent> {
    let cache = CachedPlugins::open();
    if let Some(bytes) = pinned.and_then(|pinned| cache.component(pinned)) {
        return Ok(FetchedComponent {
            bytes,
            digest: None,
        });
    }
    let parsed = Reference::parse(reference)?;
    let pulled = pull(&parsed, Keyring::from_environment()?, Times::default())?;
    cache.keep(reference, &pulled.component, pulled.signature.as_deref());
    Ok(FetchedComponent {
        bytes: pulled.component,
        digest: Some(pulled.digest),
    })
}

/// Returns the signature of a component that a reference gave, from the cache. Asks the registry if
/// the cache has none.
///
/// # Errors
/// The registry cannot be reached, or answers too slowly or with too much.
pub fn signature(reference: &str, component: &[u8]) -> Result<Option<String>> {
    let cached = CachedPlugins::open().signature(reference, &sha256_hex(component));
    if let Some(signature) = cached.filter(|text| !text.is_empty()) {
        return Ok(Some(signature));
    }
    let parsed = Reference::parse(reference)?;
    let keyring = Keyring::from_environment()?;
    let ask = async {
        let mut client = Client::new(&parsed, "pull", keyring, Times::default())?;
        Ok(artifact::signature(
            &pull_manifest(&mut client, &parsed).await?.0,
        ))
    };
    client::block_on(ask).with_context(|| format!("cannot look for the signature of {parsed}"))
}

/// Publishes a component as an artifact. Returns the digest of the artifact's manifest.
///
/// # Errors
/// The registry cannot be reached, answers too slowly or with too much, or refuses the
/// component.
pub fn push(reference: &Reference, component: Vec<u8>, artifact: NewArtifact) -> Result<String> {
    if reference.digest.is_some() {
        bail!("cannot push to {reference}: a digest cannot be pushed to; name a tag");
    }
    let keyring = Keyring::from_environment()?;
    let work = async {
        let mut client = Client::new(reference, "pull,push", keyring, Times::default())?;
        let NewArtifact { manifest, config } = artifact;
        let contents = [Bytes::from(config), Bytes::from(component)];
        for (content, descriptor) in contents.into_iter().zip(manifest.parts()) {
            upload(&mut client, content, &descriptor.digest).await?;
        }
        let content = serde_json::to_vec(&manifest)?;
        let (digest, url) = (
            oci_digest(&content),
            client.url(&format!("manifests/{}", reference.tag_or_digest()))?,
        );
        client
            .ask(&RegistryRequest::new(Method::PUT, url).body(MANIFEST[0], content.into()))
            .await?;
        Ok(digest)
    };
    client::block_on(work).with_context(|| format!("cannot push {reference}"))
}

/// Pulls an artifact.
fn pull(reference: &Reference, keyring: Keyring, times: Times) -> Result<PulledArtifact> {
    let work = async {
        let mut client = Client::new(reference, "pull", keyring, times)?;
        let (manifest, digest) = pull_manifest(&mut client, reference).await?;
        let (layer, size) = artifact::component_layer(&manifest)?;
        let answer = client
            .ask(&RegistryRequest::new(
                Method::GET,
                client.url(&format!("blobs/{}", layer.digest))?,
            ))
            .await?;
        let component = client.read_large(answer, size).await?;
        if oci_digest(&component) != layer.digest {
            bail!(
                "the registry gave a component with the digest {}, not {}",
                oci_digest(&component),
                layer.digest
            );
        }
        Ok(PulledArtifact {
            component,
            digest,
            signature: artifact::signature(&manifest),
        })
    };
    client::block_on(work).with_context(|| format!("cannot pull {reference}"))
}

/// Pulls the manifest of an artifact. Returns the manifest and its digest.
async fn pull_manifest(
    client: &mut Client<'_>,
    reference: &Reference,
) -> Result<(ArtifactManifest, String)> {
    let content = pull_content(client, reference.tag_or_digest(), &MANIFEST).await?;
    let digest = oci_digest(&content);
    check_digest(&digest, reference.digest.as_deref())?;
    Ok((ArtifactManifest::parse(&content)?, digest))
}

/// Pulls a manifest or an index, by its tag or digest, of one of these media types.
async fn pull_content(
    client: &mut Client<'_>,
    tag_or_digest: &str,
    media_types: &[&'static str],
) -> Result<Vec<u8>> {
    let url = client.url(&format!("manifests/{tag_or_digest}"))?;
    let request = RegistryRequest::new(Method::GET, url).accept(media_types);
    let answer = client.ask(&request).await?;
    client
        .read_small(answer, MAX_MANIFEST)
        .await
        .context("the manifest")
}

/// Checks the digest of a manifest that came, if one was asked for.
fn check_digest(digest: &str, wanted: Option<&str>) -> Result<()> {
    match wanted.filter(|wanted| *wanted != digest) {
        Some(wanted) => {
            bail!("the registry gave a manifest with the digest {digest}, not {wanted}")
        }
        None => Ok(()),
    }
}

/// Uploads a part of an artifact in one piece.
async fn upload(client: &mut Client<'_>, content: Bytes, digest: &str) -> Result<()> {
    let begin = RegistryRequest::new(Method::POST, client.url("blobs/uploads/")?);
    let answer = client.ask(&begin).await?;
    let mut url = client.check_url(client::location(&answer)?)?;
    url.query_pairs_mut().append_pair("digest", digest);
    client
        .ask(&RegistryRequest::new(Method::PUT, url).body("application/octet-stream", content))
        .await?;
    Ok(())
}
