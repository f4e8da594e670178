//! Parts that several commands share.
use super::{
    PhaseFlags, RunPlace,
    flags::{OutputFlags, ResultFlags},
};
use crate::{
    config::flags_of,
    run::workflow::{PlaceFlags, Workflow},
};
use clap::{Arg, Command, Subcommand};

/// Returns a command that has subcommands and cannot run without them.
pub(super) fn group(
    name: impl Into<clap::builder::Str>,
    about: impl Into<clap::builder::StyledStr>,
) -> Command {
    Command::new(name).about(about).subcommand_required(true)
}

/// Adds the commands of an enum to a group. The help of the group keeps its text.
pub(super) fn with_commands<Commands: Subcommand>(group: Command) -> Command {
    let about = group.get_about().cloned().unwrap_or_default();
    Commands::augment_subcommands(group).about(about)
}

/// Returns the flags that the commands of a workflow have and kubeadm does not.
pub(super) fn own_flags(workflow: &dyn Workflow) -> Vec<Arg> {
    match workflow.place_flags() {
        PlaceFlags::Output => flags_of::<OutputFlags>(),
        PlaceFlags::Place => flags_of::<RunPlace>(),
        PlaceFlags::PlaceAndResult => [flags_of::<RunPlace>(), flags_of::<ResultFlags>()].concat(),
    }
}

/// Adds flags, and shows them in this order in help.
pub(super) fn with_args(command: Command, args: impl IntoIterator<Item = Arg>) -> Command {
    command.args(
        args.into_iter()
            .enumerate()
            .map(|(place, arg)| arg.display_order(place)),
    )
}

/// Returns the flags of a workflow from which the catalog chooses those of each phase.
pub(super) fn phase_flags(workflow: &dyn Workflow) -> Vec<Arg> {
    let mut flags = workflow.flags();
    if workflow.has_phase_flags() {
        flags.extend(flags_of::<PhaseFlags>());
    }
    flags
}
