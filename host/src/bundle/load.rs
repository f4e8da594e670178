//! Takes what a bundle has to a machine: plugins into the cache, images into the container runtime.
use super::{IMAGE_NAME, PLUGIN_SOURCE};
use crate::{
    cancel::Cancel,
    oci::{layout::OciLayout, manifest::Descriptor, platform::Platform, writer::write_tar},
    plugin::{
        cached::CachedPlugins,
        layout::{LayoutPlugin, plugins},
    },
    text::sanitise,
    world::{
        Runtime,
        real::{image_import::import_image, programs::Programs},
    },
};
use anyhow::{Context, Result, anyhow, bail};
use kubephase_wit::FailureCode;
use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

/// The longest time until the runtime lists an image that it imported.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// The pause between two questions whether the runtime lists an image.
const PAUSE: Duration = Duration::from_millis(100);

/// A bundle that is read.
pub struct Bundle {
    layout: OciLayout,
}

/// An image of a bundle after loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadedImage<'a> {
    Loaded(&'a str),
    /// the runtime has an image of this name already
    Present(&'a str),
}

impl Bundle {
    /// Opens a bundle.
    ///
    /// # Errors
    /// The path is not a bundle.
    pub fn open(path: &Path) -> Result<Bundle> {
        Ok(Bundle {
            layout: OciLayout::open(path)?,
        })
    }

    /// Puts the plugins of the bundle into the cache, where runs find them by their digest. Returns
    /// their names.
    ///
    /// # Errors
    /// There is no cache, or a plugin is damaged.
    pub fn load_plugins(&self) -> Result<Vec<String>> {
        let damaged = || format!("the plugins of {}", self.layout.path().display());
        let found = plugins(&self.layout).with_context(damaged)?;
        let cache = CachedPlugins::open();
        if !found.is_empty() {
            cache.check_usable()?;
        }
        let mut names = Vec::new();
        for plugin in found {
            cache.keep(
                source_of(&plugin.descriptor),
                &plugin.component,
                plugin.signature.as_deref(),
            );
            names.push(name_of(&plugin));
        }
        Ok(names)
    }

    /// Returns the images of the bundle with their names.
    fn images(&self) -> impl Iterator<Item = (&str, &Descriptor)> {
        let artifacts = self.layout.index.manifests.iter();
        artifacts.filter_map(|one| Some((one.annotations.get(IMAGE_NAME)?.as_str(), one)))
    }

    /// Gives the images of the bundle to a container runtime, as far as it lacks them. `say` gets
    /// each image.
    ///
    /// # Errors
    /// The runtime does not answer, is not containerd, or refuses an image; `ctr` is missing; an
    /// image is damaged or not there for the platform of this machine.
    pub fn load_images(&self, into: &ImageLoader, say: &dyn Fn(LoadedImage)) -> Result<()> {
        let mut images = self.images().peekable();
        if images.peek().is_none() {
            return Ok(());
        }
        let status = into.runtime.status().map_err(|failure| {
            anyhow!(
                "{}\nstart the container runtime that serves {}",
                failure.to_text(),
                into.socket
            )
        })?;
        let runtime = status["name"].as_str().unwrap_or_default();
        for (name, image) in images {
            if into.runtime.image_present(name).unwrap_or(false) {
                say(LoadedImage::Present(name));
                continue;
            }
            if runtime != "containerd" {
                bail!(self.describe_other_runtime(runtime, name));
            }
            self.load_image(into, name, image)
                .with_context(|| format!("cannot load the image {}", sanitise::line(name)))?;
            say(LoadedImage::Loaded(name));
        }
        Ok(())
    }

    fn load_image(&self, into: &ImageLoader, name: &str, image: &Descriptor) -> Result<()> {
        let content = self.layout.image_content(image, &Platform::of_machine())?;
        let write = |to: &mut dyn io::Write| {
            let artifacts = vec![image.clone()];
            write_tar(&self.layout, artifacts, &content, to)
                .map_err(|why| io::Error::other(format!("{why:#}")))
        };
        let imported = import_image(&into.programs, &into.socket, &into.cancel, write);
        imported.map_err(|failure| {
            let advice = if failure.known_code() == Some(FailureCode::NotFound) {
                "\ninstall `ctr`, which is part of containerd"
            } else {
                ""
            };
            anyhow!("{}{advice}", failure.message)
        })?;
        into.wait_for(name)
    }

    /// Writes the message for a runtime that has no way to import images.
    fn describe_other_runtime(&self, runtime: &str, image: &str) -> String {
        let path = self.layout.path();
        let kind = if path.is_dir() { "oci" } else { "oci-archive" };
        let image = sanitise::line(image);
        format!(
            "kubephase can give images to containerd only, not to {}; load each image by hand, \
             for example with: skopeo copy {kind}:{}:{image} containers-storage:{image}",
            sanitise::quote(runtime),
            path.display(),
        )
    }
}

/// A container runtime that is given images.
pub struct ImageLoader<'a> {
    pub runtime: &'a dyn Runtime,
    /// the socket of the runtime
    pub socket: String,
    pub programs: Programs,
    pub cancel: Cancel,
}

impl ImageLoader<'_> {
    /// Waits until the runtime lists an image that was imported.
    fn wait_for(&self, image: &str) -> Result<()> {
        let until = Instant::now() + MAX_WAIT;
        while !self.runtime.image_present(image).unwrap_or(false) {
            if Instant::now() > until {
                bail!(
                    "`ctr` imported it, but the container runtime does not list it after {} s",
                    MAX_WAIT.as_secs()
                );
            }
            if self.cancel.wait(PAUSE) {
                bail!("interrupted");
            }
        }
        Ok(())
    }
}

/// Returns the source of a plugin, in the form in which the cache has it.
fn source_of(descriptor: &Descriptor) -> &str {
    let source = descriptor.annotations.get(PLUGIN_SOURCE);
    let source = source.map(String::as_str).unwrap_or_default();
    source.strip_prefix("oci://").unwrap_or(source)
}

fn name_of(plugin: &LayoutPlugin) -> String {
    let name = plugin.descriptor.name().unwrap_or("a plugin without name");
    sanitise::line(name).into_owned()
}
