//! Bundles for machines without a network: the images and plugins of a configuration as one OCI
//! layout, which tools such as `skopeo` and `ctr` can read, too.
mod create;
mod load;

pub use create::{BundledPlugin, Contents, create};
pub use load::{Bundle, ImageLoader, LoadedImage};

/// The annotation by which containerd names an image that it imports.
const IMAGE_NAME: &str = "io.containerd.image.name";
/// The annotation with the source of a plugin, as the configuration names it.
const PLUGIN_SOURCE: &str = "dev.kubephase.plugin.source";
