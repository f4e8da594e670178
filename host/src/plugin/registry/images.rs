//! Images of registries: pulled into an OCI layout.
use super::{
    Client, Keyring, RegistryRequest, Times, check_digest, client, pull_content,
    reference::Reference,
};
use crate::oci::{
    manifest::{ArtifactManifest, Descriptor, INDEX, MANIFEST, Named, oci_digest},
    platform::Platform,
    writer::LayoutWriter,
};
use anyhow::{Context, Result, bail};
use http::Method;
use std::time::Duration;

/// Bytes that one layer of an image has at most.
const MAX_LAYER: u64 = 16 << 30;
/// The largest number of layers of an image.
const MAX_LAYERS: usize = 256;
/// The time for one image: a GiB over a slow line.
const TOTAL: Duration = Duration::from_secs(30 * 60);

/// Parses the name of an image as container runtimes do: a name without a registry is one of Docker
/// Hub, a name without tag and digest has the tag `latest`.
///
/// # Errors
/// The text is not the name of an image.
pub fn parse_image(image: &str) -> Result<Reference> {
    let first = image.split('/').next().unwrap_or_default();
    let has_registry = image.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    let full = match (has_registry, image.contains('/')) {
        (true, _) => image.to_owned(),
        (false, true) => format!("docker.io/{image}"),
        (false, false) => format!("docker.io/library/{image}"),
    };
    let last = full.rsplit('/').next().unwrap_or_default();
    let tag = if last.contains([':', '@']) {
        ""
    } else {
        ":latest"
    };
    Reference::parse(&format!("{full}{tag}"))
}

/// Pulls an image for these platforms into a layout. Returns the descriptor of the image: its index
/// if it has one, so that its digest is that of the registry.
///
/// # Errors
/// The registry does not have the image for a platform, cannot be reached, or answers too slowly or
/// with something else than its manifests announce.
pub fn pull_image(
    reference: &Reference,
    platforms: &[Platform],
    layout: &mut LayoutWriter,
) -> Result<Descriptor> {
    let times = Times {
        total: TOTAL,
        ..Times::default()
    };
    let keyring = Keyring::from_environment()?;
    let work = async {
        let mut pull = Pull {
            client: Client::new(reference, "pull", keyring, times)?,
            layout,
        };
        pull.image(reference, platforms).await
    };
    client::block_on(work).with_context(|| format!("cannot pull {}", reference.image()))
}

/// The pull of one image.
struct Pull<'a> {
    client: Client<'a>,
    layout: &'a mut LayoutWriter,
}

impl Pull<'_> {
    async fn image(&mut self, reference: &Reference, platforms: &[Platform]) -> Result<Descriptor> {
        let accepted = [MANIFEST, INDEX].concat();
        let name = reference.tag_or_digest();
        let content = pull_content(&mut self.client, name, &accepted).await?;
        check_digest(&oci_digest(&content), reference.digest.as_deref())?;
        let media_type = match Named::parse(&content)? {
            Named::Manifest(manifest) => {
                self.parts(&manifest).await?;
                manifest.media_type
            }
            Named::Index(index) => {
                for platform in platforms {
                    self.manifest(index.for_platform(platform)?).await?;
                }
                index.media_type
            }
        };
        // Without a type of its own, a manifest has the type of the specification.
        let known = accepted.into_iter().find(|known| *known == media_type);
        self.layout.add(known.unwrap_or(MANIFEST[0]), &content)
    }

    /// Pulls a manifest of an index, and its parts.
    async fn manifest(&mut self, descriptor: &Descriptor) -> Result<()> {
        descriptor.sha256()?;
        if self.layout.has(descriptor) {
            return Ok(());
        }
        let content = pull_content(&mut self.client, &descriptor.digest, &MANIFEST).await?;
        check_digest(&oci_digest(&content), Some(&descriptor.digest))?;
        self.parts(&ArtifactManifest::parse(&content)?).await?;
        self.layout.add(&descriptor.media_type, &content).map(drop)
    }

    /// Pulls config and layers, as far as the layout does not have them yet.
    async fn parts(&mut self, manifest: &ArtifactManifest) -> Result<()> {
        if manifest.layers.len() > MAX_LAYERS {
            bail!("it has more than {MAX_LAYERS} layers");
        }
        for part in manifest.parts() {
            if self.layout.has(part) {
                continue;
            }
            if part.size > MAX_LAYER {
                bail!("a layer has more than {} GiB", MAX_LAYER >> 30);
            }
            let mut draft = self.layout.draft(part)?;
            let url = self.client.url(&format!("blobs/{}", part.digest))?;
            let answer = self
                .client
                .ask(&RegistryRequest::new(Method::GET, url))
                .await?;
            self.client
                .copy_large(answer, part.size, &mut draft)
                .await?;
            self.layout.keep(draft)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images_are_read_as_runtimes_read_them() {
        for (image, full) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("calico/node:v3", "docker.io/calico/node:v3"),
            ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
            ("localhost/x", "localhost/x:latest"),
            ("10.0.0.1:5000/x:1", "10.0.0.1:5000/x:1"),
        ] {
            assert_eq!(parse_image(image).unwrap().image(), full);
        }
        parse_image("registry.k8s.io/Not An Image").unwrap_err();
    }
}
