//! OCI layouts of the operator: a folder, or a tar file of such a folder. Nothing of a tar file is
//! unpacked: its content is read where it is, by digest, so no path in it is used.
#![allow(
    clippy::disallowed_methods,
    reason = "a layout is the operator's, not the node's"
)]
mod archive;
mod blob;
#[cfg(test)]
mod tests;

use super::manifest::{ArtifactManifest, Descriptor, Index, MAX_MANIFEST, Named, parse_json};
use super::platform::Platform;
use crate::operator_files;
use anyhow::{Context, Result, bail};
use archive::Archive;
use blob::Blob;
use serde::Deserialize;
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// The folder of a layout that has the content.
pub const BLOBS: &str = "blobs/sha256";
/// The file of a layout that says its version.
pub const MARKER: &str = "oci-layout";
/// The file of a layout that names its artifacts.
pub const INDEX_FILE: &str = "index.json";
/// The content of [`MARKER`].
pub const MARKER_TEXT: &str = "{\"imageLayoutVersion\":\"1.0.0\"}";

/// A layout that is read.
pub struct OciLayout {
    path: PathBuf,
    place: Place,
    /// the artifacts of the layout
    pub index: Index,
}

/// Where the files of a layout are.
enum Place {
    Folder(PathBuf),
    Archive(Archive),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

impl OciLayout {
    /// Opens a layout: a folder, or a tar file.
    ///
    /// # Errors
    /// The path is not a layout; the message says what is missing.
    pub fn open(path: &Path) -> Result<OciLayout> {
        OciLayout::try_open(path).with_context(|| format!("cannot read {}", path.display()))
    }

    fn try_open(path: &Path) -> Result<OciLayout> {
        let place = if path.is_dir() {
            Place::Folder(path.to_owned())
        } else {
            Place::Archive(Archive::open(path)?)
        };
        let marker: Marker = parse_json(&place.small_file(MARKER)?).context(MARKER)?;
        if !marker.image_layout_version.starts_with("1.") {
            bail!("it is not an OCI layout of version 1");
        }
        let index = parse_json(&place.small_file(INDEX_FILE)?).context(INDEX_FILE)?;
        Ok(OciLayout {
            path: path.to_owned(),
            place,
            index,
        })
    }

    /// Returns the path of the layout.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the layout has the content.
    pub fn has(&self, descriptor: &Descriptor) -> bool {
        let digest = descriptor.sha256();
        digest.is_ok_and(|digest| self.place.file(&format!("{BLOBS}/{digest}")).is_ok())
    }

    /// Opens content. Reading it fails if it does not have the size and the digest.
    ///
    /// # Errors
    /// The content is missing, or has another size.
    pub fn open_blob(&self, descriptor: &Descriptor) -> Result<impl Read> {
        let digest = descriptor.sha256()?;
        let (content, size) = self.place.file(&format!("{BLOBS}/{digest}"))?;
        if size != descriptor.size {
            bail!(
                "sha256:{digest} has {size} bytes, {} were announced",
                descriptor.size
            );
        }
        Ok(Blob::new(content, size, digest))
    }

    /// Reads content of at most `limit` bytes.
    ///
    /// # Errors
    /// The content is longer, is missing, or does not have the size and the digest.
    pub fn read(&self, descriptor: &Descriptor, limit: usize) -> Result<Vec<u8>> {
        if descriptor.size > limit as u64 {
            bail!("{} is longer than {limit} bytes", descriptor.digest);
        }
        let mut content = Vec::new();
        self.open_blob(descriptor)?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// The manifest is missing, or is not one.
    pub fn manifest(&self, descriptor: &Descriptor) -> Result<ArtifactManifest> {
        ArtifactManifest::parse(&self.read(descriptor, MAX_MANIFEST)?)
    }

    /// Returns all content of an image for a platform, and of the index that it may be part of:
    /// each descriptor once.
    ///
    /// # Errors
    /// The image is not there for the platform, or something of it is missing.
    pub fn image_content(&self, image: &Descriptor, of: &Platform) -> Result<Vec<Descriptor>> {
        let mut content = vec![image.clone()];
        let manifest = match Named::parse(&self.read(image, MAX_MANIFEST)?)? {
            Named::Manifest(manifest) => manifest,
            Named::Index(index) => {
                let chosen = index.for_platform(of)?;
                if !self.has(chosen) {
                    bail!("the layout does not have it for {of}");
                }
                content.push(chosen.clone());
                Box::new(self.manifest(chosen)?)
            }
        };
        for part in manifest.parts() {
            if !content.iter().any(|known| known.digest == part.digest) {
                if !self.has(part) {
                    bail!("{} is missing", part.sha256()?);
                }
                content.push(part.clone());
            }
        }
        Ok(content)
    }
}

impl Place {
    /// Opens a file of the layout. Returns its content and its length in bytes.
    fn file(&self, name: &str) -> Result<(Box<dyn Read + '_>, u64)> {
        match self {
            Place::Folder(folder) => {
                let file = operator_files::open(&folder.join(name), usize::MAX)
                    .with_context(|| name.to_owned())?;
                let size = file.metadata()?.len();
                Ok((Box::new(file), size))
            }
            Place::Archive(archive) => archive.file(name),
        }
    }

    fn small_file(&self, name: &str) -> Result<Vec<u8>> {
        let (content, size) = self.file(name)?;
        if size > MAX_MANIFEST as u64 {
            bail!("{name} is longer than {} MiB", MAX_MANIFEST >> 20);
        }
        let mut bytes = Vec::new();
        content.take(size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
