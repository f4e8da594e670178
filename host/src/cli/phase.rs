//! `init phase …`: a command for each phase of the catalog, with the flags that the phase names.
use crate::{
    cli::command::{group, own_flags, phase_flags, with_args},
    plan::{
        catalog::Catalog,
        spec::{PhaseKind, PhaseSpec, is_within, parent},
    },
    run::workflow::Workflow,
    workflow,
};
use clap::{Arg, ArgMatches, Command};
use std::{collections::BTreeSet, ffi::OsString};

/// Name of the command that runs a whole group, or a whole workflow.
pub(super) const ALL: &str = "all";

/// Which commands of single phases a tree has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PhaseCommands {
    All,
    /// only their parents `init phase`, `join phase` and so on: making all of them takes as long as
    /// the rest of the tree
    OnlyParents,
}

impl PhaseCommands {
    /// Returns those that the arguments may name: they are below a command `phase`.
    pub fn named_in(argv: &[OsString]) -> PhaseCommands {
        if argv.iter().any(|word| word == "phase") {
            PhaseCommands::All
        } else {
            PhaseCommands::OnlyParents
        }
    }
}

/// Returns the command `phase` of a workflow, with the commands of its phases if they are wanted.
pub(super) fn tree(catalog: &Catalog, workflow: &dyn Workflow, phases: PhaseCommands) -> Command {
    let command = workflow.command().join(" ");
    let phase = group("phase", format!("Run single phases of {command}"));
    if phases == PhaseCommands::OnlyParents {
        return phase;
    }
    let id = workflow.id();
    let specs: Vec<&PhaseSpec> = catalog.entries_of(&id).map(|entry| &entry.spec).collect();
    let commands = Commands {
        phase_flags: phase_flags(workflow),
        common_flags: own_flags(workflow),
        specs: &specs,
    };
    let top = specs.iter().filter(|spec| parent(&spec.id).is_none());
    top.fold(phase, |phase, spec| {
        phase.subcommand(commands.phase_command(spec))
    })
}

/// A builder of the commands of a workflow's phases.
struct Commands<'a> {
    /// the flags that phases may name
    phase_flags: Vec<Arg>,
    /// the flags that every command has
    common_flags: Vec<Arg>,
    specs: &'a [&'a PhaseSpec],
}

/// The flags of a plugin's phase that names none itself, as far as its workflow has them.
const FLAGS_OF_PLUGINS: &[&str] = &["config", "dry-run", "ignore-preflight-errors", "kubeconfig"];

impl Commands<'_> {
    /// Returns the command of a phase. The members of a group are subcommands.
    fn phase_command(&self, spec: &PhaseSpec) -> Command {
        let last = spec.id.rsplit('/').next().unwrap_or(&spec.id).to_owned();
        let command = if spec.is_group() {
            self.group_command(spec, last)
        } else {
            let names: Vec<&str> = if spec.run.is_none() && spec.flags.is_empty() {
                FLAGS_OF_PLUGINS.to_vec()
            } else {
                spec.flags.iter().map(String::as_str).collect()
            };
            self.with_flags(Command::new(last).about(spec.title.clone()), names)
        };
        let command = command.visible_aliases(spec.aliases.clone());
        self.direct_members(spec).fold(command, |command, member| {
            command.subcommand(self.phase_command(member))
        })
    }

    /// Returns the phases and groups that are directly in a group.
    fn direct_members(&self, spec: &PhaseSpec) -> impl Iterator<Item = &PhaseSpec> {
        self.specs
            .iter()
            .copied()
            .filter(move |member| parent(&member.id) == Some(&spec.id))
    }

    /// Returns the command of a group, which has the flags of all members. In some places kubeadm
    /// has one command where this program has a group: there the group's own command runs all
    /// members (`init phase preflight`, `join phase control-plane-prepare certs`).
    fn group_command(&self, spec: &PhaseSpec, name: String) -> Command {
        let within = self
            .specs
            .iter()
            .filter(|member| is_within(&member.id, &spec.id));
        let flags: BTreeSet<&String> = within.flat_map(|member| &member.flags).collect();
        let mut members = self.direct_members(spec).peekable();
        if members.peek().is_some() && members.all(|member| member.kind == PhaseKind::Check) {
            let names = flags.into_iter().map(String::as_str);
            return self.with_flags(Command::new(name).about(spec.title.clone()), names);
        }
        let all = Command::new(ALL).about(format!("All phases of {}", spec.id));
        if parent(&spec.id).is_some() {
            // kubeadm has no group within a group: it has one phase here, which takes these flags.
            let own = Command::new(name).about(spec.title.clone());
            let names = flags.iter().map(|name| name.as_str());
            let all = self.with_flags(all, names.clone());
            return self.with_flags(own, names).subcommand(all);
        }
        let names = flags.into_iter().map(String::as_str);
        group(name, spec.title.clone()).subcommand(self.with_flags(all, names))
    }

    /// Adds the named flags and the flags that every command has. A command that finds the cluster
    /// by a token also takes the endpoint as an argument, as the whole command does.
    fn with_flags<'n>(
        &self,
        command: Command,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Command {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let chosen = self
            .phase_flags
            .iter()
            .filter(|arg| names.contains(name_in_catalog(arg)));
        with_args(command, chosen.chain(&self.common_flags).cloned())
    }
}

/// Returns the name that the phases of the catalog use for a flag. The endpoint, which is an
/// argument of `join`, has no flag of its own: a phase that takes the token takes the endpoint too.
fn name_in_catalog(arg: &Arg) -> &str {
    match (arg.get_long(), arg.get_id().as_str()) {
        (Some(long), _) => long,
        (None, "endpoint") => "discovery-token",
        (None, id) => id,
    }
}

/// Returns a command for each phase of a workflow that is in no group. The command has kubeadm's
/// name of the phase.
pub(super) fn commands_of_ungrouped_phases(workflow: &dyn Workflow) -> Vec<Command> {
    let mut phases = workflow.phases();
    phases.retain(|spec| parent(&spec.id).is_none() && !spec.is_group());
    let commands = phases.into_iter().map(|spec| {
        let name = spec.aliases.first().unwrap_or(&spec.id).clone();
        Command::new(name).about(spec.title)
    });
    commands.collect()
}

/// Returns the name of the phase that the arguments select; `None` for the whole workflow.
pub(super) fn selected_phase_name(matches: &ArgMatches) -> Option<String> {
    let name = matches.subcommand_name().filter(|name| *name != ALL)?;
    Some(name.to_owned())
}

/// Returns the phase or group that the subcommands of `phase` select.
pub(super) fn selected_id(mut matches: &ArgMatches) -> String {
    let mut parts = Vec::new();
    while let Some((name, inner)) = matches.subcommand() {
        if name != ALL {
            parts.push(name);
        }
        matches = inner;
    }
    parts.join("/")
}

/// Returns the flags that a phase names but its workflow does not have, as pairs of phase and flag.
/// A correct catalog has none.
pub fn unknown_flags(catalog: &Catalog) -> Vec<(String, String)> {
    let mut unknown = Vec::new();
    for workflow in workflow::ALL {
        let flags = phase_flags(*workflow);
        let known: BTreeSet<&str> = flags.iter().map(name_in_catalog).collect();
        for entry in catalog.entries_of(&workflow.id()) {
            for flag in &entry.spec.flags {
                if !known.contains(flag.as_str()) {
                    unknown.push((entry.spec.id.clone(), flag.clone()));
                }
            }
        }
    }
    unknown
}
