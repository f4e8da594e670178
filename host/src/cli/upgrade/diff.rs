//! `upgrade diff`: what an upgrade would change in the manifests of the static Pods.
use super::place::{ConfigurationReader, UpgradePlaceFlags};
use crate::{
    cli::{Exit, initial_world::InitialWorld, local_node, print},
    config::{self, Config, MachineFolder, UpgradeDiffFlags, config_file},
    render::{messages, static_pod, typed::normalize_pod},
    run::{
        secrets::Secrets,
        workflow::{LabelledLine, WorldBefore},
    },
    text::unified_diff::unified_diff,
    workflow::upgrade::connect,
    world::{Files, text_file::read_text},
};
use anyhow::{Result, anyhow};
use clap::Args;
use kubephase_sdk::{release::upgrade, yaml};
use kubephase_wit::Failure;

#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffArguments {
    #[command(flatten)]
    options: UpgradeDiffFlags,
    #[command(flatten)]
    place: UpgradePlaceFlags,
}

/// Prints the differences between the manifests of this node and those of another version.
///
/// # Errors
/// A manifest is missing, the configuration of the cluster cannot be read, or the text for the
/// version is not a version.
pub fn run(flags: &DiffArguments, machine: &MachineFolder) -> Result<Exit> {
    let options = &flags.options;
    let (place, node) = flags.place.open()?;
    let before = InitialWorld::new(&place, &node);
    let world = before.open()?;
    check_manifests(world.files())?;
    let file = config_file(options.config.as_deref(), machine)?;
    let loaded = config::load_upgrade(file.as_ref(), &options.flags_instead_of_config())?;
    let wanted = loaded.upgrade.diff.clone();
    let (cluster, kubeconfig) = connect(world, &options.kubeconfig)?;
    for line in messages::READING_CONFIGURATION {
        print::line(&LabelledLine::new("upgrade/diff", line));
    }
    let reader = ConfigurationReader {
        command: "upgrade-diff",
        world,
        cluster: cluster.as_ref(),
        kubeconfig,
        node: &node,
    };
    let mut read = reader.read(loaded, "")?;
    local_node::warn(&read.warnings);
    let version = options.version(&wanted, &read.config.cluster.kubernetes_version);
    upgrade::parse(version).map_err(|why| anyhow!(why))?;
    // The version is written as it was given (kubeadm behaviour).
    read.config.cluster.kubernetes_version = version.to_owned();
    let text = differences(&read.config, world.files(), options.context(&wanted))?;
    Ok(print::text(&text))
}

/// Returns the components whose manifests are compared; etcd is not among them (kubeadm behaviour).
fn components() -> impl Iterator<Item = (&'static str, static_pod::Renderer)> {
    let components = static_pod::COMPONENTS.into_iter();
    components.filter(|(name, _)| static_pod::CONTROL_PLANE.contains(name))
}

fn check_manifests(files: &dyn Files) -> Result<()> {
    for (component, _) in components() {
        let path = static_pod::manifest_path(component);
        match files.stat(&path).map_err(Failure::into_error)? {
            None => {
                return Err(anyhow!(
                    "the manifest file {path:?} does not exist: stat {path}: no such file or \
                     directory"
                ));
            }
            Some(file) if file.kind == "directory" => {
                return Err(anyhow!("{path:?} is a directory"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Returns the differences of all components, without the operator's patches (kubeadm behaviour).
fn differences(config: &Config, files: &dyn Files, context: usize) -> Result<String> {
    let config = Secrets::mask(config)?.for_built_ins;
    let mut text = String::new();
    for (component, render) in components() {
        let path = static_pod::manifest_path(component);
        let existing = read_text(files, &path).map_err(Failure::into_error)?;
        let pod = normalize_pod(render(&config), config.cluster.release());
        let pod = yaml::to_string(&pod.map_err(|why| anyhow!(why))?);
        text += &unified_diff(
            (&path, &existing.unwrap_or_default()),
            ("new manifest", &pod),
            context,
        );
    }
    Ok(text)
}
