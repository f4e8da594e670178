//! `upgrade plan` and `upgrade diff`: what an upgrade of the cluster would be. Both only read,
//! except for the Job by which `plan` checks whether the cluster runs Pods. `upgrade apply` and
//! `upgrade node` are workflows.
mod diff;
mod place;
mod plan;

use super::Exit;
use crate::config::MachineFolder;
use anyhow::Result;
use clap::Subcommand;

/// The commands `upgrade …` that are not workflows.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum UpgradeCommand {
    /// Check which versions are available to upgrade to and validate whether your current cluster
    /// is upgradeable
    Plan(plan::PlanArguments),
    /// Show what differences would be applied to existing static pod manifests
    Diff(diff::DiffArguments),
}

/// Carries out a command.
///
/// # Errors
/// The configuration is not valid, the cluster cannot be read, or it is not fit for an upgrade.
pub fn run(command: &UpgradeCommand, machine: &MachineFolder) -> Result<Exit> {
    match command {
        UpgradeCommand::Plan(flags) => plan::run(flags, machine),
        UpgradeCommand::Diff(flags) => diff::run(flags, machine),
    }
}
