//! Makes bundles. The bundle gets its name when it is complete.
#![allow(
    clippy::disallowed_methods,
    reason = "a bundle is the operator's, not the node's"
)]
use super::{IMAGE_NAME, PLUGIN_SOURCE};
use crate::{
    oci::{
        manifest::{ArtifactManifest, Descriptor, MANIFEST, REF_NAME},
        platform::Platform,
        writer::{LayoutWriter, write_folder_as_tar},
    },
    plugin::{
        artifact::{ARTIFACT_TYPE, NewArtifact},
        lock,
        registry::images::{parse_image, pull_image},
    },
    run::signals::TemporaryRegistration,
    wasm::plugin::Plugin,
};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
};

/// The type of the artifact with the lock, and the media type of the lock in it.
const LOCK: [&str; 2] = [
    "application/vnd.kubephase.lock.v1",
    "application/vnd.kubephase.lock.v1+yaml",
];
/// The media type of a config that has nothing in it.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// The contents of a new bundle.
pub struct Contents {
    /// names of images
    pub images: Vec<String>,
    /// the platforms of the images
    pub platforms: Vec<Platform>,
    pub plugins: Vec<BundledPlugin>,
    /// the text of the lock; `None` if there is no lock
    pub lock: Option<String>,
}

/// A plugin of a new bundle.
pub struct BundledPlugin {
    /// the source, as the configuration names it
    pub source: String,
    pub plugin: Arc<Plugin>,
    pub component: Vec<u8>,
    pub signature: Option<String>,
}

/// Makes a bundle: a tar file if the name ends with `.tar`, otherwise a folder. `say` gets a line
/// for each part. What is not complete has another name, and is removed.
///
/// # Errors
/// The destination exists already or cannot be written, or an image cannot be pulled.
pub fn create(contents: &Contents, destination: &Path, say: &dyn Fn(&str)) -> Result<()> {
    let shown = destination.display();
    if destination.symlink_metadata().is_ok() {
        bail!("{shown} exists already; remove it, or choose another name");
    }
    let beside = destination
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let cannot_write = || format!("cannot write {shown}");
    let draft = tempfile::Builder::new()
        .prefix(".kubephase-bundle-")
        .tempdir_in(beside)
        .with_context(cannot_write)?;
    let _registered = TemporaryRegistration::register(draft.path());
    let layout = draft.path().join("layout");
    write(contents, &layout, say)?;
    let complete = if destination.extension().is_some_and(|end| end == "tar") {
        let tar = draft.path().join("tar");
        write_tar_file(&layout, &tar).with_context(cannot_write)?;
        tar
    } else {
        layout
    };
    fs::rename(complete, destination).with_context(cannot_write)
}

fn write_tar_file(layout: &Path, to: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(to)?);
    write_folder_as_tar(layout, &mut file)?;
    file.flush()?;
    Ok(file.get_ref().sync_all()?)
}

fn write(contents: &Contents, folder: &Path, say: &dyn Fn(&str)) -> Result<()> {
    let mut layout = LayoutWriter::begin(folder).context("cannot write the bundle")?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    for image in &contents.images {
        let reference = parse_image(image)?;
        let mut descriptor = pull_image(&reference, &contents.platforms, &mut layout)?;
        for annotation in [REF_NAME, IMAGE_NAME] {
            let name = reference.image();
            descriptor.annotations.insert(annotation.to_owned(), name);
        }
        say(&format!("image {}", reference.image()));
        layout.name(descriptor);
    }
    for plugin in &contents.plugins {
        let descriptor = plugin.write(&mut layout)?;
        say(&format!("plugin {}", descriptor.name().unwrap_or_default()));
        layout.name(descriptor);
    }
    if let Some(lock) = &contents.lock {
        let descriptor = write_lock(lock, &mut layout)?;
        layout.name(descriptor);
    }
    layout.finish()
}

impl BundledPlugin {
    fn write(&self, layout: &mut LayoutWriter) -> Result<Descriptor> {
        let manifest = self.plugin.manifest();
        let artifact = NewArtifact::new(&self.component, manifest, self.signature.as_deref())?;
        layout.add("config", &artifact.config)?;
        layout.add("component", &self.component)?;
        let name = format!("{}:{}", manifest.name, manifest.version);
        let mut descriptor = write_manifest(&artifact.manifest, &name, layout)?;
        descriptor.artifact_type = Some(ARTIFACT_TYPE.to_owned());
        let source = self.source.clone();
        descriptor
            .annotations
            .insert(PLUGIN_SOURCE.to_owned(), source);
        Ok(descriptor)
    }
}

fn write_lock(text: &str, layout: &mut LayoutWriter) -> Result<Descriptor> {
    let config = layout.add(EMPTY, b"{}")?;
    let layer = layout.add(LOCK[1], text.as_bytes())?;
    let mut manifest = ArtifactManifest::new(config, vec![layer]);
    manifest.artifact_type = Some(LOCK[0].to_owned());
    let mut descriptor = write_manifest(&manifest, lock::FILE, layout)?;
    descriptor.artifact_type = manifest.artifact_type;
    Ok(descriptor)
}

/// Adds a manifest, and returns its descriptor with this name.
fn write_manifest(
    manifest: &ArtifactManifest,
    name: &str,
    layout: &mut LayoutWriter,
) -> Result<Descriptor> {
    let content = serde_json::to_vec(manifest)?;
    let mut descriptor = layout.add(MANIFEST[0], &content)?;
    descriptor
        .annotations
        .insert(REF_NAME.to_owned(), name.to_owned());
    Ok(descriptor)
}
