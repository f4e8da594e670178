//! `config images`: the images of a control plane, and pulling them before `init` does.
use super::{CliError, Exit, print, run, stage};
use crate::{
    config::{self, InitFlags},
    render::images,
    world::{Runtime, node::facts::NodeFacts, real},
};
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use kubephase_sdk::{kubeadm::Config, yaml};
use serde::Serialize;
use serde_json::{json, ser::PrettyFormatter};
use std::path::Path;

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
    /// Form of the output: text, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: String,
    /// of no meaning for these forms
    #[arg(long, hide = true)]
    show_managed_fields: bool,
    /// of no meaning for these forms
    #[arg(long, hide = true)]
    allow_missing_template_keys: bool,
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
    /// The configuration to take the images from. A file decides alone, as for kubeadm; that flags beside it count for
    /// nothing is said.
    fn load(&self, cri_socket: Option<&str>, node: &NodeFacts) -> Result<Config> {
        let file = self.config.as_deref().filter(|file| !file.is_empty()).map(Path::new);
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
        let loaded = config::load_init(file, &flags, node)?;
        run::warn(&loaded.warnings);
        Ok(loaded.config)
    }
}

/// Forms of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Yaml,
}

impl ListFlags {
    fn format(&self) -> Result<Format, CliError> {
        match self.output.as_str() {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            "yaml" => Ok(Format::Yaml),
            other => Err(CliError::usage(format!(
                "could not construct output printer: unable to match a printer suitable for the output format {other:?}, allowed formats are: json,text,yaml"
            ))),
        }
    }
}

pub fn run(command: &ImagesCommand) -> Result<Exit> {
    match command {
        ImagesCommand::List(flags) => {
            let format = flags.format()?;
            // Nobody asks a container runtime which images there are.
            let node = NodeFacts { cri_sockets: Vec::new(), ..run::somewhere() };
            let config = flags.images.load(None, &node).context("could not convert cfg to an internal cfg")?;
            Ok(print::out(&listed(&images::all(&config), format)))
        }
        ImagesCommand::Pull(flags) => {
            let config = flags.images.load(flags.cri_socket.as_deref(), &run::somewhere())?;
            let (threads, socket) = (stage::runtime()?, &config.init.node_registration.cri_socket);
            let told = |image: &str| {
                print::out(&format!("[config/images] Pulled {image}\n"));
            };
            pull(&images::all(&config), &real::runtime(threads.handle(), socket), socket, told)?;
            Ok(Exit::Ok)
        }
    }
}

/// kubeadm's object of images.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Images<'a> {
    kind: &'static str,
    api_version: &'static str,
    images: &'a [String],
}

fn listed(images: &[String], format: Format) -> String {
    let object = Images { kind: "Images", api_version: "output.kubeadm.k8s.io/v1alpha3", images };
    match format {
        Format::Text => images.iter().map(|image| format!("{image}\n")).collect(),
        Format::Yaml => yaml::to_string(&json!(object)),
        Format::Json => {
            let mut text = Vec::new();
            // Lists of strings always serialise.
            let _ = object.serialize(&mut serde_json::Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    ")));
            String::from_utf8_lossy(&text).into_owned() + "\n"
        }
    }
}

/// One after the other until one fails; those that are there already are pulled, too (kubeadm behaviour).
fn pull(images: &[String], runtime: &dyn Runtime, socket: &str, mut told: impl FnMut(&str)) -> Result<()> {
    for image in images {
        runtime.pull(image).map_err(|failure| {
            let silent = runtime.status().is_err();
            let next = if silent {
                format!("\nstart the container runtime behind {socket}, or name another with --cri-socket")
            } else {
                String::new()
            };
            anyhow!("failed to pull image {image:?}: {}{next}", failure.message)
        })?;
        told(image);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
