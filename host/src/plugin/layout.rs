//! Plugins in OCI layouts of the operator: folders, or tar files of such folders.
use super::{
    artifact::{self, COMPONENT},
    registry::FetchedComponent,
};
use crate::{
    oci::{
        layout::OciLayout,
        manifest::{ArtifactManifest, Descriptor},
    },
    text::digest::sha256_hex,
};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// A plugin of a layout.
pub struct LayoutPlugin {
    pub descriptor: Descriptor,
    pub component: Vec<u8>,
    pub signature: Option<String>,
}

impl LayoutPlugin {
    /// Reads a plugin of a layout; `None` if the artifact is something else.
    ///
    /// # Errors
    /// The artifact is damaged, or the component is too large.
    pub fn read(layout: &OciLayout, descriptor: &Descriptor) -> Result<Option<LayoutPlugin>> {
        let Some(manifest) = manifest_of_plugin(layout, descriptor)? else {
            return Ok(None);
        };
        let (layer, size) = artifact::component_layer(&manifest)?;
        Ok(Some(LayoutPlugin {
            descriptor: descriptor.clone(),
            component: layout.read(layer, size)?,
            signature: artifact::signature(&manifest),
        }))
    }
}

/// Returns the manifest of an artifact that has a component as its first layer.
fn manifest_of_plugin(
    layout: &OciLayout,
    descriptor: &Descriptor,
) -> Result<Option<ArtifactManifest>> {
    if descriptor.is_index() {
        return Ok(None);
    }
    let manifest = layout.manifest(descriptor)?;
    let first = manifest.layers.first();
    let is_plugin = first.is_some_and(|layer| COMPONENT.contains(&layer.media_type.as_str()));
    Ok(is_plugin.then_some(manifest))
}

/// Reads the plugins of a layout.
///
/// # Errors
/// The layout cannot be read, or an artifact is damaged.
pub fn plugins(layout: &OciLayout) -> Result<Vec<LayoutPlugin>> {
    let mut plugins = Vec::new();
    for descriptor in &layout.index.manifests {
        plugins.extend(LayoutPlugin::read(layout, descriptor)?);
    }
    Ok(plugins)
}

/// Returns the component of a layout: the one with the digest `pinned`, or the only one.
///
/// # Errors
/// The layout does not have it, or is damaged.
pub fn fetch(path: &Path, pinned: Option<&str>) -> Result<FetchedComponent> {
    let found = find(path, |component| match pinned {
        Some(pinned) => sha256_hex(component) == pinned,
        None => true,
    })?;
    Ok(FetchedComponent {
        digest: Some(found.descriptor.digest),
        bytes: found.component,
    })
}

/// Returns the signature that a layout has of a component.
///
/// # Errors
/// The layout does not have the component, or is damaged.
pub fn signature(path: &Path, component: &[u8]) -> Result<Option<String>> {
    Ok(find(path, |found| found == component)?.signature)
}

fn find(path: &Path, is_wanted: impl Fn(&[u8]) -> bool) -> Result<LayoutPlugin> {
    let in_layout = || format!("the layout {}", path.display());
    let layout = OciLayout::open(path)?;
    let mut found = plugins(&layout).with_context(in_layout)?;
    found.retain(|plugin| is_wanted(&plugin.component));
    match (found.pop(), found.len()) {
        (Some(plugin), 0) => Ok(plugin),
        (None, _) => bail!("{} does not have the plugin", in_layout()),
        (Some(_), _) => bail!(
            "{} has several plugins; write the `digest` of one in its entry of the configuration, \
             or make a layout for each",
            in_layout()
        ),
    }
}
