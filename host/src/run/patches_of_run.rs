//! The operator's patches for the objects of a run.
use super::workflow::LabelledLine;
use crate::{
    config::{self, Config},
    plan::{Plan, spec::PhaseSpec},
    render::patches::Patches,
};
use anyhow::{Result, anyhow};

/// Loads the patches, with the lines about them. A run of single phases that apply no patches does
/// not need their directory, and prints no lines.
///
/// # Errors
/// A patch cannot be read.
pub(super) fn load(
    config: &Config,
    plan: &Plan,
    is_whole: bool,
) -> Result<(Patches, Vec<LabelledLine>)> {
    if !is_whole && !plan.running_phases().any(|node| uses_patches(&node.spec)) {
        // The files that they name belong to the host in any case.
        let patches = load_patches(config).map(|(patches, _)| patches);
        return Ok((patches.unwrap_or_default(), Vec::new()));
    }
    let (patches, lines) = load_patches(config)?;
    Ok((
        patches,
        lines.iter().map(|text| patches_line(text)).collect(),
    ))
}

/// Whether a phase applies the operator's patches. A single phase that does not apply them does not
/// need the directory either (kubeadm behaviour).
fn uses_patches(phase: &PhaseSpec) -> bool {
    phase.id == "addon/coredns" || phase.flags.iter().any(|flag| flag == "patches")
}

fn load_patches(config: &Config) -> Result<(Patches, Vec<String>)> {
    let targets = config.cluster.release().patch_targets;
    let directory = config
        .init
        .patches
        .as_ref()
        .map(|patches| &patches.directory);
    match directory.filter(|directory| !directory.is_empty()) {
        Some(directory) => Patches::load(directory, config::patch_files(directory)?, targets)
            .map_err(|message| anyhow!(message)),
        None => Ok((Patches::empty(targets), Vec::new())),
    }
}

fn patches_line(text: &str) -> LabelledLine {
    LabelledLine::new("patches", text.strip_prefix("[patches] ").unwrap_or(text))
}
