//! `config images`: the images of a control plane, and pulling them before `init` does.
use super::{
    Exit, local_node,
    output::{Format, Object, OutputFlags},
    print,
};
use crate::{
    config::{self, Config, InitFlags},
    render::images,
    run::threads::Threads,
    world::{Runtime, node::facts::NodeFacts, real},
};
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ImagesCommand {
    /// Print the images that a control plane needs
    List(ListFlags),
    /// Pull the images that a control plane needs
    Pull(PullFlags),
}

/// What decides which images.
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
    /// taken and not used, as by kubeadm
    #[arg(long, hide = true)]
    kubeconfig: Option<String>,
}

#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFlags {
    #[command(flatten)]
    images: ImageFlags,
    #[command(flatten)]
    output: OutputFlags,
}

#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct PullFlags {
    #[command(flatten)]
    images: ImageFlags,
    /// Socket of the container runtime
    #[arg(long)]
    cri_socket: Option<String>,
}

impl ImageFlags {
    /// The configuration to take the images from. A file decides alone, as for kubeadm; that flags
    /// beside it count for nothing is said.
    fn load(&self, cri_socket: Option<&str>, node: &NodeFacts) -> Result<Config> {
        let file = config::named(&self.config);
        let mut flags = InitFlags {
            feature_gates: self.feature_gates.clone(),
            image_repository: self.image_repository.clone(),
            kubernetes_version: self.kubernetes_version.clone(),
            cri_socket: cri_socket.map(str::to_owned),
            ..InitFlags::default()
        };
        if file.is_some() {
            for name in std::mem::take(&mut flags).not_with_config() {
                print::warning(&format!("--{name} is not looked at beside --config"));
            }
        }
        let loaded = config::load_init(file.as_ref(), &flags, node)?;
        local_node::warn(&loaded.warnings);
        Ok(loaded.config)
    }
}

pub fn run(command: &ImagesCommand) -> Result<Exit> {
    match command {
        ImagesCommand::List(flags) => {
            let format = flags.output.format()?;
            // The list of images follows from the configuration; no container runtime is looked for.
            let node = NodeFacts {
                cri_sockets: Vec::new(),
                ..local_node::facts_for_reading()
            };
            let config = flags
                .images
                .load(None, &node)
                .context("could not convert cfg to an internal cfg")?;
            Ok(print::out(&listed(&images::all(&config), format)))
        }
        ImagesCommand::Pull(flags) => {
            let config = flags.images.load(
                flags.cri_socket.as_deref(),
                &local_node::facts_for_reading(),
            )?;
            let (threads, socket) = (Threads::start()?, &config.init.node_registration.cri_socket);
            let told = |image: &str| {
                print::out(&format!("[config/images] Pulled {image}\n"));
            };
            pull(
                &images::all(&config),
                &real::runtime(threads.handle(), socket),
                socket,
                told,
            )?;
            Ok(Exit::Ok)
        }
    }
}

#[derive(Serialize)]
struct Images<'a> {
    images: &'a [String],
}

fn listed(images: &[String], format: Format) -> String {
    let object = Object::new("Images", Images { images });
    match format {
        Format::Text => images.iter().map(|image| format!("{image}\n")).collect(),
        Format::Yaml => object.yaml(),
        Format::Json => object.json(),
    }
}

/// One after the other until one fails; those that are there already are pulled, too (kubeadm
/// behaviour).
fn pull(
    images: &[String],
    runtime: &dyn Runtime,
    socket: &str,
    mut told: impl FnMut(&str),
) -> Result<()> {
    for image in images {
        runtime.pull(image).map_err(|failure| {
            let silent = runtime.status().is_err();
            let next = if silent {
                format!(
                    "\nstart the container runtime behind {socket}, or name another with \
                    --cri-socket"
                )
            } else {
                String::new()
            };
            anyhow!(
                "failed to pull image {image:?}: {}{next}",
                failure.to_text()
            )
        })?;
        told(image);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
