//! The tree of commands. The flags come from their structs, the commands `init phase …` from the
//! catalog.
use super::{
    Exit, InitFlags, ReportRequest, RunPlace,
    bundle::BundleCommand,
    certs::CertsCommand,
    command::{group, own_flags, with_args, with_commands},
    config,
    diff::DiffRequest,
    flags::{BundleFlags, GlobalFlags, PlanFlags, RehearseFlags},
    kubeadm,
    kubeconfig::KubeconfigCommand,
    phase::{self, PhaseCommands},
    plugin::PluginCommand,
    token::TokenRequest,
    upgrade::UpgradeCommand,
};
use crate::{
    config::flags_of,
    plan::{catalog::Catalog, spec::PhaseKind},
    program::{self, Program},
    run::workflow::{CommandShape, Workflow},
    workflow,
};
use clap::{Arg, Args, Command};
use std::fmt::Write;

/// Returns every command with its flags.
pub(super) fn root(catalog: &Catalog, phases: PhaseCommands) -> Command {
    let root = Command::new(Program::current().name())
        .about(
            "Bootstraps Kubernetes clusters: what kubeadm does, as a graph of phases that \
            plugins can join",
        )
        .after_help(Exit::table());
    let (below_groups, at_the_top): (Vec<_>, Vec<_>) = workflow::ALL
        .iter()
        .partition(|workflow| workflow.command().len() > 1);
    let root = attach_all(root, &at_the_top, catalog, phases);
    let root = root
        .subcommand(plan())
        .subcommand(rehearse())
        .subcommand(with_args(
            Command::new("report").about("Report on a past run, from its journal"),
            flags_of::<ReportRequest>(),
        ))
        .subcommand(config::command())
        .subcommand(TokenRequest::augment_args(Command::new("token")))
        .subcommand(kubeconfig())
        .subcommand(certs())
        .subcommand(upgrade())
        .subcommand(diff())
        .subcommand(plugin())
        .subcommand(bundle())
        .subcommand(version())
        .subcommand(completion());
    let root = kubeadm::extend_root(attach_all(root, &below_groups, catalog, phases));
    behave_like_kubeadm(root.args(flags_of::<GlobalFlags>()))
}

fn kubeconfig() -> Command {
    let kubeconfig = group("kubeconfig", "Handle kubeconfigs for other users");
    with_commands::<KubeconfigCommand>(kubeconfig).subcommand_required(false)
}

fn certs() -> Command {
    let certs = group("certs", "Handle certificates of a cluster").alias("certificates");
    with_commands::<CertsCommand>(certs)
}

fn plugin() -> Command {
    with_commands::<PluginCommand>(group("plugin", "Write, build, test and allow plugins"))
}

fn bundle() -> Command {
    let about = "Collect what machines without a network need";
    with_commands::<BundleCommand>(group("bundle", about))
}

fn upgrade() -> Command {
    let about = "Upgrade your cluster smoothly to a newer version with this command";
    with_commands::<UpgradeCommand>(group("upgrade", about))
}

fn diff() -> Command {
    let about = "Show what `apply` with the same file would change";
    with_args(Command::new("diff").about(about), flags_of::<DiffRequest>())
}

fn version() -> Command {
    Command::new("version").about("Print the version").arg(
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FORMAT")
            .default_value("")
            .hide_default_value(true)
            .help("Form of the output: short, yaml or json"),
    )
}

fn completion() -> Command {
    let shell = Arg::new("shell")
        .num_args(0..)
        .value_name("SHELL")
        .help("bash, zsh or fish");
    Command::new("completion")
        .about("Print a script that completes commands in a shell")
        .arg(shell)
}

/// Adds the commands of workflows.
fn attach_all(
    root: Command,
    workflows: &[&&dyn Workflow],
    catalog: &Catalog,
    phases: PhaseCommands,
) -> Command {
    workflows.iter().fold(root, |root, workflow| {
        let command = command_of(**workflow, catalog, phases);
        attach(root, workflow.command(), command)
    })
}

/// Adds a command by its words; commands of several words get groups.
fn attach(parent: Command, words: &[&'static str], command: Command) -> Command {
    match words {
        [] | [_] => parent.subcommand(command),
        [word, rest @ ..] => {
            let is_there = parent.find_subcommand(word).is_some();
            let parent = if is_there {
                parent
            } else {
                parent.subcommand(group(*word, format!("Commands of {word}")))
            };
            parent.mut_subcommand(*word, |group| attach(group, rest, command))
        }
    }
}

/// Returns the command of a workflow, with the commands of its single phases.
fn command_of(workflow: &dyn Workflow, catalog: &Catalog, phases: PhaseCommands) -> Command {
    let name = workflow.command().last().copied().unwrap_or_default();
    let flags = [workflow.flags(), own_flags(workflow)].concat();
    match workflow.shape() {
        CommandShape::Whole => {
            let command = Command::new(name)
                .about(workflow.about())
                .after_help(phase_help(catalog, workflow));
            let bundle = flags_of::<BundleFlags>().into_iter();
            let bundle = bundle.filter(|_| workflow.takes_bundle());
            with_args(command, flags.into_iter().chain(bundle))
                .subcommand(phase::tree(catalog, workflow, phases))
        }
        CommandShape::Members { whole } => {
            let all = Command::new(phase::ALL).about(whole);
            let command = group(name, workflow.about()).subcommand(with_args(all, flags.clone()));
            let members = phase::commands_of_ungrouped_phases(workflow).into_iter();
            members.fold(command, |command, member| {
                command.subcommand(with_args(member, flags.clone()))
            })
        }
    }
}

fn plan() -> Command {
    let about = "Show which phases would run, in which order and why";
    workflow::ALL
        .iter()
        .fold(group("plan", about), |plan, workflow| {
            let words = workflow.command();
            let name = words.last().copied().unwrap_or_default();
            let command = Command::new(name).about(format!(
                "The plan of `{}` with the same flags",
                program::command(&words.join(" "))
            ));
            let flags = [workflow.flags(), flags_of::<PlanFlags>()].concat();
            attach(plan, words, with_args(command, flags))
        })
}

fn rehearse() -> Command {
    let about =
        "Run init on a scratch root against an embedded cluster; this machine is not touched";
    // A rehearsal is a dry run anyway, so --dry-run is accepted but hidden.
    let init = flags_of::<InitFlags>().into_iter().map(|arg| {
        if arg.get_long() == Some("dry-run") {
            arg.hide(true)
        } else {
            arg
        }
    });
    with_args(
        Command::new("rehearse").about(about),
        init.chain(flags_of::<RunPlace>())
            .chain(flags_of::<RehearseFlags>()),
    )
}

/// Makes flags behave as kubeadm's: the last of several wins, and values may begin with a dash.
pub(super) fn behave_like_kubeadm(command: Command) -> Command {
    let lacks_help_command = kubeadm::lacks_help_command(&command);
    command
        .disable_help_subcommand(lacks_help_command)
        .args_override_self(true)
        .mut_args(allow_dash_in_value)
        .mut_subcommands(behave_like_kubeadm)
}

fn allow_dash_in_value(arg: Arg) -> Arg {
    if arg.get_action().takes_values() && !arg.is_positional() {
        arg.allow_hyphen_values(true)
    } else {
        arg
    }
}

/// Returns the list of phases in the help of a workflow.
fn phase_help(catalog: &Catalog, workflow: &dyn Workflow) -> String {
    let (id, command) = (workflow.id(), workflow.command().join(" "));
    let mut text = format!("The \"{command}\" command executes the following phases:\n");
    let specs = catalog.entries_of(&id).map(|entry| &entry.spec);
    for spec in specs.filter(|spec| spec.kind != PhaseKind::Check) {
        let depth = spec.id.matches('/').count();
        let last = spec.id.rsplit('/').next().unwrap_or(&spec.id);
        let slash = if depth > 0 { "/" } else { "" };
        let name = format!("{}{slash}{last}", "  ".repeat(depth));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<32} {}", spec.title);
    }
    text
}
