//! `bundle`: what a machine without a network needs, in one file.
use super::{Exit, images::ImageFlags, local_node, print};
use crate::{
    bundle::{self, Bundle, BundledPlugin, Contents, ImageLoader, LoadedImage},
    cancel::Cancel,
    config::{ConfigFile, LoadedConfig, MachineFolder, PluginEntry},
    oci::platform::Platform,
    plugin::{
        load::{self, LoadedPlugin, Loader, Plugins},
        lock::Lock,
        source,
    },
    render::images,
    run::{prepare::Distribution, threads::Threads},
    text::digest::sha256_hex,
    world::{Rights, real, real::programs::Programs},
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// The commands `bundle …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum BundleCommand {
    /// Collect the images and plugins of a configuration
    Create(BundleCreateFlags),
    /// Take the images of a bundle to the container runtime, and its plugins into the cache
    Load(BundleLoadFlags),
}

/// The flags of `bundle create`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct BundleCreateFlags {
    #[command(flatten)]
    images: ImageFlags,
    /// Name of the bundle: a tar file if it ends with .tar, otherwise a folder
    #[arg(short = 'o', long = "output", value_name = "DIR|FILE.tar")]
    output: PathBuf,
    /// Platform of the images, linux/amd64, linux/arm64, …; may be repeated; default: that of this
    /// machine
    #[arg(long, value_name = "PLATFORM", action = clap::ArgAction::Append)]
    platform: Vec<String>,
    /// Another image, for example of the network of Pods; may be repeated
    #[arg(long, value_name = "IMAGE", action = clap::ArgAction::Append)]
    image: Vec<String>,
}

/// The flags of `bundle load`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct BundleLoadFlags {
    /// Bundle that `bundle create` made
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// Socket of the container runtime
    #[arg(long)]
    cri_socket: Option<String>,
    /// Load only the plugins
    #[arg(long)]
    skip_images: bool,
}

/// Runs `bundle create` or `bundle load`.
///
/// # Errors
/// The bundle cannot be made, read or loaded.
pub fn run(
    command: &BundleCommand,
    machine: &MachineFolder,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    match command {
        BundleCommand::Create(flags) => create(flags, machine, distribution),
        BundleCommand::Load(flags) => {
            let opened = open(&flags.bundle)?;
            if !flags.skip_images {
                let node = local_node::facts_for_reading();
                let socket = flags.cri_socket.as_deref();
                let (loaded, _) = ImageFlags::default().load(socket, &node, machine)?;
                load_images(&opened, &loaded.config.init.node_registration.cri_socket)?;
            }
            Ok(Exit::Ok)
        }
    }
}

/// Opens a bundle, puts its plugins into the cache, and prints their names.
///
/// # Errors
/// The path is not a bundle, there is no cache, or a plugin is damaged.
pub(super) fn open(path: &Path) -> Result<Bundle> {
    let bundle = Bundle::open(path)?;
    for name in bundle.load_plugins()? {
        print::text(&format!("[bundle] The cache has the plugin {name}\n"));
    }
    Ok(bundle)
}

/// Gives the images of a bundle to the container runtime, and prints their names.
///
/// # Errors
/// The runtime cannot be given an image.
pub(super) fn load_images(bundle: &Bundle, socket: &str) -> Result<()> {
    let threads = Threads::start()?;
    let loader = ImageLoader {
        runtime: &real::runtime(threads.handle(), socket),
        socket: socket.to_owned(),
        programs: Programs::OfSystem(Rights::Full),
        cancel: Cancel::never(),
    };
    bundle.load_images(&loader, &|image| {
        print::text(&match image {
            LoadedImage::Loaded(name) => format!("[bundle] Loaded the image {name}\n"),
            LoadedImage::Present(name) => {
                format!("[bundle] The image {name} is there already\n")
            }
        });
    })
}

fn create(
    flags: &BundleCreateFlags,
    machine: &MachineFolder,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let platforms = if flags.platform.is_empty() {
        vec![Platform::of_machine()]
    } else {
        let named = flags.platform.iter();
        named
            .map(|text| Platform::parse(text))
            .collect::<Result<_>>()?
    };
    let node = local_node::facts_for_reading();
    let (loaded, file) = flags.images.load(None, &node, machine)?;
    let mut images = images::all(&loaded.config);
    for image in &flags.image {
        if !images.contains(image) {
            images.push(image.clone());
        }
    }
    let plugins = collect_plugins(&loaded, file.as_ref(), distribution)?;
    let config = file.as_ref().and_then(ConfigFile::operator_file);
    let lock = match config.filter(|_| !plugins.is_empty()) {
        Some(config) => Some(Lock::read_beside(config)?.to_text()?),
        None => None,
    };
    let contents = Contents {
        images,
        platforms,
        plugins,
        lock,
    };
    bundle::create(&contents, &flags.output, &|line| {
        print::text(&format!("[bundle] Added the {line}\n"));
    })?;
    let shown = flags.output.display();
    Ok(print::text(&format!("[bundle] {shown} is complete\n")))
}

/// Loads the plugins of a configuration as a run would, with their components and signatures.
fn collect_plugins(
    loaded: &LoadedConfig,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Vec<BundledPlugin>> {
    let entries = &loaded.phases.plugins;
    let (mut catalog, mut plugins) = (distribution.catalog.clone(), Plugins::new());
    let loader = Loader {
        engine: distribution.engine,
        early: &distribution.early,
        unlocked: None,
    };
    loader.load_plugins(entries, file, &mut catalog, &mut plugins)?;
    let named = file.and_then(ConfigFile::operator_file);
    let with_plugin = entries
        .iter()
        .filter_map(|entry| Some((entry, plugins.get(&entry.name)?)));
    with_plugin
        .map(|(entry, plugin)| {
            let base_dir = load::file_of(entry, named)
                .parent()
                .unwrap_or(Path::new(""));
            collect_plugin(entry, plugin, base_dir)
                .with_context(|| format!("plugin {}", entry.name))
        })
        .collect()
}

fn collect_plugin(
    entry: &PluginEntry,
    loaded: &LoadedPlugin,
    base_dir: &Path,
) -> Result<BundledPlugin> {
    let digest = loaded.plugin.digest();
    let component = source::fetch(&entry.source, base_dir, Some(digest))?.bytes;
    if sha256_hex(&component) != digest {
        bail!("{} changed meanwhile; run the command again", entry.source);
    }
    Ok(BundledPlugin {
        source: entry.source.clone(),
        plugin: loaded.plugin.clone(),
        signature: source::signature(&entry.source, base_dir, &component)?,
        component,
    })
}
