//! Plugins in OCI registries. A plugin is pulled by tag or digest, and kept in the cache by the
//! component's digest, with its signature. `plugin push` pushes a plugin.
mod client;
pub mod reference;
#[cfg(test)]
mod tests;

use super::credentials::Keyring;
use crate::pki::signature::MAX_SIGNATURE;
use crate::{
    text::{digest::sha256_hex, sanitise},
    wasm::{cache::Cache, limits::MAX_COMPONENT},
};
use anyhow::{Context, Result, anyhow, bail};
use client::{Client, RegistryRequest, Times};
use data_encoding::BASE64;
use http::Method;
use hyper::body::Bytes;
use reference::Reference;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Media types that a component may have in a registry. `push` uses the first.
const COMPONENT: [&str; 2] = [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
];
/// Media type of the config of an artifact that `push` makes.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Media types that the manifest of an artifact may have. `push` uses the first.
const MANIFEST: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// The annotation that holds the signature of the component, in base64: registries refuse line
/// breaks in annotations.
const SIGNATURE: &str = "dev.kubephase.plugin.minisig";
/// Bytes of a manifest that are read at most.
const MAX_MANIFEST: usize = 4 << 20;

/// The manifest of an artifact, which lists its parts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// A reference to a part of an artifact.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    /// `sha256:` and the hexadecimal digest of the part
    digest: String,
    /// Bytes of the part.
    size: u64,
}

impl Descriptor {
    fn new(media_type: &str, content: &[u8]) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest: oci_digest(content),
            size: content.len() as u64,
        }
    }
}

impl Manifest {
    /// Reads a manifest. Its digest has to be the one that the reference names, if it names any.
    fn parse(content: &[u8], reference: &Reference) -> Result<Manifest> {
        if let Some(wanted) = reference
            .digest
            .as_ref()
            .filter(|wanted| **wanted != oci_digest(content))
        {
            bail!(
                "the registry gave a manifest with the digest {}, not {wanted}",
                oci_digest(content)
            );
        }
        let index: BTreeMap<String, serde::de::IgnoredAny> = parse_json(content)?;
        if index.contains_key("manifests") {
            bail!("it is a list of artifacts; name one artifact of the list by its digest");
        }
        parse_json(content)
    }

    /// Returns the layer with the component, and its size. An artifact of a plugin has exactly one
    /// layer.
    fn component(&self) -> Result<(&Descriptor, usize)> {
        let [layer] = self.layers.as_slice() else {
            bail!("it has {} layers; a plugin has one", self.layers.len())
        };
        if !COMPONENT.contains(&layer.media_type.as_str()) {
            bail!(
                "it holds {}; a plugin is {}",
                sanitise::line(&layer.media_type),
                COMPONENT[0]
            );
        }
        let digest = layer.digest.strip_prefix("sha256:").unwrap_or_default();
        if digest.len() != 64
            || !digest
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            bail!(
                "the manifest names the digest {}, which is not a SHA-256",
                sanitise::line(&layer.digest)
            );
        }
        match usize::try_from(layer.size) {
            Ok(size) if size <= MAX_COMPONENT => Ok((layer, size)),
            _ => bail!(
                "it is {} bytes long; a plugin has at most {} MiB",
                layer.size,
                MAX_COMPONENT >> 20
            ),
        }
    }

    /// Returns the signature of the component; `None` if the artifact has none.
    fn signature(&self) -> Option<String> {
        let annotation = self
            .annotations
            .get(SIGNATURE)
            .filter(|annotation| annotation.len() <= MAX_SIGNATURE)?;
        // An annotation that is not text in base64 is not a signature.
        String::from_utf8(BASE64.decode(annotation.as_bytes()).ok()?).ok()
    }
}

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
    let cache = Cache::open();
    if let Some(pinned) = pinned
        && let Some(bytes) = cache.get(&component_key(pinned))
        && sha256_hex(&bytes) == pinned
    {
        return Ok(FetchedComponent {
            bytes,
            digest: None,
        });
    }
    let parsed = Reference::parse(reference)?;
    let pulled = pull(&parsed, Keyring::from_environment()?, Times::default())?;
    let component = sha256_hex(&pulled.component);
    cache.put(&component_key(&component), &pulled.component);
    cache.put(
        &signature_key(reference, &component),
        pulled.signature.unwrap_or_default().as_bytes(),
    );
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
    let (cache, key) = (
        Cache::open(),
        signature_key(reference, &sha256_hex(component)),
    );
    let cached = cache
        .get(&key)
        .and_then(|text| String::from_utf8(text).ok());
    if let Some(signature) = cached.filter(|text| !text.is_empty()) {
        return Ok(Some(signature));
    }
    let parsed = Reference::parse(reference)?;
    let keyring = Keyring::from_environment()?;
    let ask = async {
        let mut client = Client::new(&parsed, "pull", keyring, Times::default())?;
        Ok(pull_manifest(&mut client, &parsed).await?.0.signature())
    };
    client::block_on(ask).with_context(|| format!("cannot look for the signature of {parsed}"))
}

/// Publishes a component and its signature. Returns the digest of the artifact's manifest.
///
/// # Errors
/// The registry cannot be reached, answers too slowly or with too much, or refuses the
/// component.
pub fn push(
    reference: &Reference,
    component: Vec<u8>,
    signature: Option<String>,
) -> Result<String> {
    if reference.digest.is_some() {
        bail!("cannot push to {reference}: a digest cannot be pushed to; name a tag");
    }
    let keyring = Keyring::from_environment()?;
    let work = async {
        let mut client = Client::new(reference, "pull,push", keyring, Times::default())?;
        let config = Bytes::from_static(b"{}");
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST[0].to_owned(),
            config: Descriptor::new(CONFIG, &config),
            layers: vec![Descriptor::new(COMPONENT[0], &component)],
            annotations: signature
                .map(|text| (SIGNATURE.to_owned(), BASE64.encode(text.as_bytes())))
                .into_iter()
                .collect(),
        };
        for (content, descriptor) in [
            (config, &manifest.config),
            (Bytes::from(component), &manifest.layers[0]),
        ] {
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
        let (layer, size) = manifest.component()?;
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
            signature: manifest.signature(),
        })
    };
    client::block_on(work).with_context(|| format!("cannot pull {reference}"))
}

/// Pulls the manifest of an artifact. Returns the manifest and its digest.
async fn pull_manifest(
    client: &mut Client<'_>,
    reference: &Reference,
) -> Result<(Manifest, String)> {
    let url = client.url(&format!("manifests/{}", reference.tag_or_digest()))?;
    let answer = client
        .ask(&RegistryRequest::new(Method::GET, url).accept(&MANIFEST))
        .await?;
    let content = client
        .read_small(answer, MAX_MANIFEST)
        .await
        .context("the manifest")?;
    Ok((Manifest::parse(&content, reference)?, oci_digest(&content)))
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

/// Returns the digest of content in the form of registries: `sha256:` and hexadecimal digits.
fn oci_digest(content: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(content))
}

/// Returns the cache key of a component.
fn component_key(digest: &str) -> String {
    format!("{digest}.wasm")
}

/// Returns the cache key of a signature. It includes the reference, because a component may have
/// different signatures in different places.
fn signature_key(reference: &str, digest: &str) -> String {
    format!("{digest}-{}.minisig", sha256_hex(reference.as_bytes()))
}

/// Parses the JSON of a registry. The parser quotes the JSON in its errors, so this escapes their
/// line ends.
fn parse_json<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Result<T> {
    serde_json::from_slice(content).map_err(|error| {
        let error = error.to_string();
        anyhow!("the manifest is not valid: {}", sanitise::line(&error))
    })
}
