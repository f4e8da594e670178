//! `init phase …`: a command for each row of the catalog, with the flags that the row names.
use super::flags::{Form, Out, Place};
use super::tree::{flags_of, group, phase_flags, with_args};
use crate::phase::catalog::{Catalog, Kind, Row, Workflow};
use clap::{Arg, ArgMatches, Command};
use std::collections::BTreeSet;

/// Runs a whole group.
const ALL: &str = "all";

pub(super) fn tree(catalog: &Catalog, workflow: Workflow) -> Command {
    let rows: Vec<&Row> = catalog.of(workflow).collect();
    let top = rows.iter().filter(|row| !row.id.contains('/'));
    let phase = group("phase", format!("Run single phases of {}", workflow.name()));
    let flags = Flags::of(workflow);
    top.fold(phase, |phase, row| {
        phase.subcommand(command(row, &rows, &flags))
    })
}

/// The flags of the commands of a workflow: made once, as there are many commands.
struct Flags {
    /// for rows to name
    named: Vec<Arg>,
    /// of every command
    ours: Vec<Arg>,
}

impl Flags {
    fn of(workflow: Workflow) -> Flags {
        let ours = match workflow {
            Workflow::Join => flags_of::<Form>(),
            Workflow::Reset => flags_of::<Place>(),
            _ => [flags_of::<Place>(), flags_of::<Out>()].concat(),
        };
        Flags {
            named: phase_flags(workflow),
            ours,
        }
    }

    /// Those that are named, and ours. Where a cluster is found by its endpoint, that may be named
    /// as it may for the whole command.
    fn add<'a>(&self, command: Command, names: impl IntoIterator<Item = &'a String>) -> Command {
        let names: BTreeSet<&str> = names.into_iter().map(String::as_str).collect();
        let named = |arg: &&Arg| {
            arg.get_long()
                .map_or(names.contains("discovery-token"), |long| {
                    names.contains(long)
                })
        };
        with_args(
            command,
            self.named.iter().filter(named).chain(&self.ours).cloned(),
        )
    }
}

/// The command of one row; a group's members are commands below it.
fn command(row: &Row, rows: &[&Row], known: &Flags) -> Command {
    let last = row.id.rsplit('/').next().unwrap_or(&row.id).to_owned();
    let members: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|member| parent(&member.id) == Some(&row.id))
        .collect();
    if row.kind != Kind::Group {
        let leaf = Command::new(last)
            .about(row.title.clone())
            .visible_aliases(row.aliases.clone());
        return members
            .iter()
            .fold(known.add(leaf, &row.flags), |leaf, member| {
                leaf.subcommand(command(member, rows, known))
            });
    }
    let below = rows
        .iter()
        .filter(|member| Catalog::within(&member.id, &row.id));
    let flags: BTreeSet<&String> = below.flat_map(|member| &member.flags).collect();
    // Checks are one job to kubeadm: `init phase preflight` runs them all.
    let one_job = !members.is_empty() && members.iter().all(|member| member.kind == Kind::Check);
    let whole = if one_job {
        known.add(Command::new(last).about(row.title.clone()), flags)
    } else {
        let all = Command::new(ALL).about(format!("All phases of {}", row.id));
        group(last, row.title.clone()).subcommand(known.add(all, flags))
    };
    let whole = whole.visible_aliases(row.aliases.clone());
    members.iter().fold(whole, |whole, member| {
        whole.subcommand(command(member, rows, known))
    })
}

fn parent(id: &str) -> Option<&str> {
    id.rsplit_once('/').map(|(parent, _)| parent)
}

/// The phase or group that the subcommands below `phase` select.
pub(super) fn selected(mut matches: &ArgMatches) -> String {
    let mut parts = Vec::new();
    while let Some((name, below)) = matches.subcommand() {
        if name != ALL {
            parts.push(name);
        }
        matches = below;
    }
    parts.join("/")
}

/// Flags that rows name and no command has, as (phase, flag); empty for a sound catalog.
pub fn unknown_flags(catalog: &Catalog) -> Vec<(String, String)> {
    let known = |workflow| {
        phase_flags(workflow)
            .iter()
            .filter_map(|arg| arg.get_long().map(Into::into))
            .collect::<BTreeSet<String>>()
    };
    let unknown = |row: &Row| {
        let known = known(row.workflow);
        let flags = row.flags.iter().filter(|flag| !known.contains(*flag));
        flags
            .map(|flag| (row.id.clone(), flag.clone()))
            .collect::<Vec<_>>()
    };
    catalog.rows.iter().flat_map(unknown).collect()
}
