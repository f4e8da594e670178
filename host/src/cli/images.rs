//! `config images`: lists the images of a control plane, and pulls them before `init` does.
use super::{
    Exit, local_node,
    output::{FormatFlags, OutputObject, Printer},
    print,
};
use crate::{
    config::{self, ConfigFile, InitFlags, LoadedConfig, MachineFolder},
    render::images,
    run::threads::Threads,
    world::{Runtime, node::facts::NodeFacts, real},
};
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use serde::Serialize;

/// The commands `config images …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ImagesCommand {
    /// Print the images that a control plane needs
    List(ImageListFlags),
    /// Pull the images that a control plane needs
    Pull(PullFlags),
}

/// The flags that decide which images a control plane needs.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFlags {
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
    /// Feature gates, key=true|false
    #[arg(long)]
    feature_gates: Option<String>,
    /// Registry of the control plane's images
    #[arg(long)]
    image_repository: Option<String>,
    /// Kubernetes version of the control plane
    #[arg(long)]
    kubernetes_version: Option<String>,
    /// Accepted and not used (kubeadm behaviour)
    #[arg(long, hide = true)]
    kubeconfig: Option<String>,
}

/// The flags of `config images list`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageListFlags {
    #[command(flatten)]
    images: ImageFlags,
    #[command(flatten)]
    output: FormatFlags,
}

/// The flags of `config images pull`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct PullFlags {
    #[command(flatten)]
    images: ImageFlags,
    /// Socket of the container runtime
    #[arg(long)]
    cri_socket: Option<String>,
}

impl ImageFlags {
    /// Loads the configuration that names the images, with its file. If `--config` is given, the
    /// other flags are ignored with a warning (kubeadm behaviour).
    ///
    /// # Errors
    /// The configuration is not valid.
    pub(super) fn load(
        &self,
        cri_socket: Option<&str>,
        node: &NodeFacts,
        machine: &MachineFolder,
    ) -> Result<(LoadedConfig, Option<ConfigFile>)> {
        let file = config::config_file(self.config.as_deref(), machine)?;
        let mut flags = InitFlags {
            feature_gates: self.feature_gates.clone(),
            image_repository: self.image_repository.clone(),
            kubernetes_version: self.kubernetes_version.clone(),
            cri_socket: cri_socket.map(str::to_owned),
            ..InitFlags::default()
        };
        if file.as_ref().and_then(ConfigFile::operator_file).is_some() {
            for name in std::mem::take(&mut flags).flags_instead_of_config() {
                print::warning(&format!("--{name} is ignored, because --config is given"));
            }
        }
        let loaded = config::load_without_server(file.as_ref(), &flags, node)?;
        local_node::warn(&loaded.warnings);
        Ok((loaded, file))
    }
}

/// Runs `config images list` or `config images pull`.
///
/// # Errors
/// The configuration is not valid, or an image cannot be pulled.
pub fn run(command: &ImagesCommand, machine: &MachineFolder) -> Result<Exit> {
    match command {
        ImagesCommand::List(flags) => {
            let printer = flags.output.printer()?;
            // The list does not depend on the container runtime, so no runtime has to be found.
            let node = NodeFacts {
                cri_sockets: Vec::new(),
                ..local_node::facts_for_reading()
            };
            let (LoadedConfig { config, .. }, _) = flags
                .images
                .load(None, &node, machine)
                .context("could not convert cfg to an internal cfg")?;
            let text = format_list(&images::all(&config), printer.as_ref())
                .context("unable to print images")?;
            Ok(print::text(&text))
        }
        ImagesCommand::Pull(flags) => {
            let (LoadedConfig { config, .. }, _) = flags.images.load(
                flags.cri_socket.as_deref(),
                &local_node::facts_for_reading(),
                machine,
            )?;
            let (threads, socket) = (Threads::start()?, &config.init.node_registration.cri_socket);
            pull(
                &images::all(&config),
                &real::runtime(threads.handle(), socket),
                socket,
                |image| {
                    print::text(&format!("[config/images] Pulled {image}\n"));
                },
            )?;
            Ok(Exit::Ok)
        }
    }
}

#[derive(Serialize)]
struct Images<'a> {
    images: &'a [String],
}

fn format_list(images: &[String], printer: Option<&Printer>) -> Result<String> {
    match printer {
        None => Ok(images.iter().map(|image| format!("{image}\n")).collect()),
        Some(printer) => printer.print(&[OutputObject::new("Images", Images { images })]),
    }
}

/// Pulls images one after the other, and stops at the first that fails. Also pulls images that the
/// container runtime already has (kubeadm behaviour).
fn pull(
    images: &[String],
    runtime: &dyn Runtime,
    socket: &str,
    mut report_pulled: impl FnMut(&str),
) -> Result<()> {
    for image in images {
        runtime.pull(image).map_err(|failure| {
            let pulling = format!("failed to pull image {image:?}: {}", failure.to_text());
            let Err(silence) = runtime.status() else {
                return anyhow!(pulling);
            };
            // kubeadm connects before it pulls anything.
            anyhow!(
                "{}\nstart the container runtime that serves {socket}, or name another socket with \
                 --cri-socket",
                silence.message
            )
        })?;
        report_pulled(image);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
