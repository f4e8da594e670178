//! Manifests, indexes and descriptors (OCI image specification).
use super::platform::Platform;
use crate::text::{digest::sha256_hex, sanitise};
use anyhow::{Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Media types of a manifest. This program writes the first.
pub const MANIFEST: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// Media types of a list of manifests, for example one for each platform. This program writes the
/// first.
pub const INDEX: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// Bytes of a manifest or an index that are read at most.
pub const MAX_MANIFEST: usize = 4 << 20;
/// The annotation that names an entry of a layout's index.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Annotations by name.
pub type Annotations = BTreeMap<String, String>;

/// A reference to content: a part of an artifact, or a manifest of an index.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    /// the type of the artifact, if the content is a manifest
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// `sha256:` and the hexadecimal digest of the content
    pub digest: String,
    /// bytes of the content
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Annotations,
}

/// The manifest of an artifact or an image, which lists its parts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactManifest {
    pub schema_version: u32,
    #[serde(default)]
    pub media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    pub config: Descriptor,
    pub layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Annotations,
}

/// A list of manifests.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    #[serde(default)]
    pub schema_version: u32,
    #[serde(default)]
    pub media_type: String,
    pub manifests: Vec<Descriptor>,
}

/// What a reference of a registry or an entry of a layout names.
#[derive(Debug)]
pub enum Named {
    Manifest(Box<ArtifactManifest>),
    Index(Index),
}

impl Descriptor {
    /// Describes content.
    pub fn new(media_type: &str, content: &[u8]) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest: oci_digest(content),
            size: content.len() as u64,
            ..Descriptor::default()
        }
    }

    /// Returns the hexadecimal digest.
    ///
    /// # Errors
    /// The digest is not a SHA-256.
    pub fn sha256(&self) -> Result<&str> {
        let digest = self.digest.strip_prefix("sha256:").unwrap_or_default();
        let is_hexadecimal = digest
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digest.len() == 64 && is_hexadecimal {
            return Ok(digest);
        }
        bail!(
            "the manifest names the digest {}, which is not a SHA-256",
            sanitise::line(&self.digest)
        )
    }

    /// Whether the content is an index.
    pub fn is_index(&self) -> bool {
        INDEX.contains(&self.media_type.as_str())
    }

    /// Returns the name of an entry of a layout's index.
    pub fn name(&self) -> Option<&str> {
        self.annotations.get(REF_NAME).map(String::as_str)
    }
}

impl ArtifactManifest {
    /// Returns a manifest in the form that this program writes.
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> ArtifactManifest {
        ArtifactManifest {
            schema_version: 2,
            media_type: MANIFEST[0].to_owned(),
            artifact_type: None,
            config,
            layers,
            annotations: BTreeMap::new(),
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// The content is not a manifest, or is an index.
    pub fn parse(content: &[u8]) -> Result<ArtifactManifest> {
        match Named::parse(content)? {
            Named::Manifest(manifest) => Ok(*manifest),
            Named::Index(_) => {
                bail!("it is a list of artifacts; name one artifact of the list by its digest")
            }
        }
    }

    /// Returns the parts of the artifact.
    pub fn parts(&self) -> impl Iterator<Item = &Descriptor> {
        std::iter::once(&self.config).chain(&self.layers)
    }
}

impl Index {
    /// Returns an index in the form that this program writes.
    pub fn new(manifests: Vec<Descriptor>) -> Index {
        Index {
            schema_version: 2,
            media_type: INDEX[0].to_owned(),
            manifests,
        }
    }

    /// Returns the first manifest for a platform.
    ///
    /// # Errors
    /// There is none; the message names the platforms that there are.
    pub fn for_platform(&self, platform: &Platform) -> Result<&Descriptor> {
        let is_wanted = |entry: &&Descriptor| {
            let of_entry = entry.platform.as_ref();
            of_entry.is_some_and(|of_entry| platform.accepts(of_entry))
        };
        if let Some(found) = self.manifests.iter().find(is_wanted) {
            return Ok(found);
        }
        let platforms = self
            .manifests
            .iter()
            .filter_map(|one| one.platform.as_ref());
        let platforms: Vec<String> = platforms.map(ToString::to_string).collect();
        bail!(
            "it is not there for {platform}, only for {}",
            sanitise::line(&platforms.join(", "))
        )
    }
}

impl Named {
    /// Reads a manifest or an index.
    ///
    /// # Errors
    /// The content is neither.
    pub fn parse(content: &[u8]) -> Result<Named> {
        let fields: BTreeMap<String, serde::de::IgnoredAny> = parse_json(content)?;
        if fields.contains_key("manifests") {
            return Ok(Named::Index(parse_json(content)?));
        }
        Ok(Named::Manifest(parse_json(content)?))
    }
}

/// Returns the digest of content in the form of registries: `sha256:` and hexadecimal digits.
pub fn oci_digest(content: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(content))
}

/// Parses JSON of a registry or a layout. The parser quotes the JSON in its errors, so this escapes
/// their line ends.
///
/// # Errors
/// The content does not have the form.
pub fn parse_json<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Result<T> {
    serde_json::from_slice(content).map_err(|error| {
        let error = error.to_string();
        anyhow!("the manifest is not valid: {}", sanitise::line(&error))
    })
}
