//! The tree of commands. kubeadm's flags come from their structs, `init phase …` from the catalog's
//! rows.
use super::flags::{Form, Out, PhaseFlags, Place, PlanFlags, Stay, ValidateFlags, Verbosity};
use super::{
    Exit, InitFlags, JoinFlags, ReportRequest, ResetFlags, images, kubeconfig::KubeconfigCommand,
    phase, plugin, token::TokenRequest,
};
use crate::phase::catalog::{Catalog, Kind, Workflow};
use clap::{Arg, ArgAction, Args, Command, Subcommand};
use std::fmt::Write;

pub const NAME: &str = "kubephase";

/// Every command with its flags.
pub(super) fn root(catalog: &Catalog) -> Command {
    let root = Command::new(NAME)
        .about(
            "Bootstraps Kubernetes clusters: what kubeadm does, as a graph of phases that \
            plugins can join",
        )
        .after_help(Exit::table())
        .subcommand(init(catalog))
        .subcommand(join(catalog))
        .subcommand(reset(catalog))
        .subcommand(
            group(
                "plan",
                "Show which phases would run, in which order and why",
            )
            .subcommand(plan(Workflow::Init)),
        )
        .subcommand(rehearse())
        .subcommand(with_args(
            Command::new("report").about("Tell of a past run, from its journal"),
            flags_of::<ReportRequest>(),
        ))
        .subcommand(config())
        .subcommand(TokenRequest::augment_args(Command::new("token")))
        .subcommand(
            KubeconfigCommand::augment_subcommands(group(
                "kubeconfig",
                "Handle kubeconfigs for other users",
            ))
            .subcommand_required(false),
        )
        .subcommand(
            group("certs", "Handle certificates of a cluster")
                .alias("certificates")
                .subcommand(
                    Command::new("certificate-key")
                        .about("Print a new key for `init --certificate-key`"),
                ),
        )
        .subcommand(plugin::PluginCommand::augment_subcommands(group(
            "plugin",
            "Write, build, test and allow plugins",
        )))
        .subcommand(
            Command::new("version").about("Print the version").arg(
                Arg::new("output")
                    .short('o')
                    .long("output")
                    .value_name("FORMAT")
                    .default_value("")
                    .hide_default_value(true)
                    .help("short, yaml or json"),
            ),
        )
        .subcommand(
            Command::new("completion")
                .about("Print a script that completes commands in a shell")
                .arg(
                    Arg::new("shell")
                        .num_args(0..)
                        .value_name("SHELL")
                        .help("bash, zsh or fish"),
                ),
        );
    conduct(root.args(flags_of::<Verbosity>()))
}

/// A command that only holds others.
pub(super) fn group(
    name: impl Into<clap::builder::Str>,
    about: impl Into<clap::builder::StyledStr>,
) -> Command {
    Command::new(name).about(about).subcommand_required(true)
}

fn init(catalog: &Catalog) -> Command {
    let init = Command::new("init")
        .about("Set up a Kubernetes control plane on this machine")
        .after_help(phases(catalog, Workflow::Init));
    let init = with_args(
        init,
        [
            flags_of::<InitFlags>(),
            flags_of::<Place>(),
            flags_of::<Out>(),
        ]
        .concat(),
    );
    init.subcommand(phase::tree(catalog, Workflow::Init))
}

fn join(catalog: &Catalog) -> Command {
    let join = Command::new("join")
        .about("Make this machine a node of a cluster")
        .after_help(phases(catalog, Workflow::Join));
    let join = with_args(join, [flags_of::<JoinFlags>(), flags_of::<Form>()].concat());
    join.subcommand(phase::tree(catalog, Workflow::Join))
}

fn reset(catalog: &Catalog) -> Command {
    let reset = Command::new("reset")
        .about("Undo what init or join made of this machine")
        .after_help(phases(catalog, Workflow::Reset));
    let reset = with_args(
        reset,
        [flags_of::<ResetFlags>(), flags_of::<Place>()].concat(),
    );
    reset.subcommand(phase::tree(catalog, Workflow::Reset))
}

fn plan(workflow: Workflow) -> Command {
    let plan = Command::new(workflow.name()).about(format!(
        "The plan of `{NAME} {}` with the same flags",
        workflow.name()
    ));
    with_args(
        plan,
        [flags_of::<InitFlags>(), flags_of::<PlanFlags>()].concat(),
    )
}

fn rehearse() -> Command {
    let about =
        "Run init on a scratch root against an embedded cluster; this machine is not touched";
    // A rehearsal is a dry run; to say so is no error, but pointless.
    let init = flags_of::<InitFlags>().into_iter().map(|arg| {
        if arg.get_long() == Some("dry-run") {
            arg.hide(true)
        } else {
            arg
        }
    });
    with_args(
        Command::new("rehearse").about(about),
        init.chain(flags_of::<Place>()).chain(flags_of::<Stay>()),
    )
}

fn config() -> Command {
    let kinds = Arg::new("component-configs")
        .long("component-configs")
        .value_delimiter(',')
        .action(ArgAction::Append)
        .value_name("KIND");
    let defaults = Command::new("init-defaults")
        .about("The defaults of init")
        .arg(kinds.help("KubeProxyConfiguration, KubeletConfiguration"));
    group(
        "config",
        "Check configuration files, print defaults, list and pull images",
    )
    .subcommand(with_args(
        Command::new("validate").about("Check a configuration file"),
        flags_of::<ValidateFlags>(),
    ))
    .subcommand(group("print", "Print default configurations").subcommand(defaults))
    .subcommand(images::ImagesCommand::augment_subcommands(group(
        "images",
        "The container images of a control plane",
    )))
}

/// The flags of one struct.
pub(super) fn flags_of<T: Args>() -> Vec<Arg> {
    T::augment_args(Command::new(NAME))
        .get_arguments()
        .cloned()
        .collect()
}

/// Adds flags in this order, whatever their order was in their struct.
pub(super) fn with_args(command: Command, args: impl IntoIterator<Item = Arg>) -> Command {
    command.args(
        args.into_iter()
            .enumerate()
            .map(|(place, arg)| arg.display_order(place)),
    )
}

/// The flags that phases may name in the catalog.
pub(super) fn phase_flags(workflow: Workflow) -> Vec<Arg> {
    match workflow {
        Workflow::Join => [flags_of::<JoinFlags>(), flags_of::<PhaseFlags>()].concat(),
        Workflow::Reset => flags_of::<ResetFlags>(),
        _ => [flags_of::<InitFlags>(), flags_of::<PhaseFlags>()].concat(),
    }
}

/// Makes flags behave as kubeadm's: the last of several wins, and values may begin with a dash.
pub(super) fn conduct(command: Command) -> Command {
    let dashes = |arg: Arg| {
        if arg.get_action().takes_values() && !arg.is_positional() {
            arg.allow_hyphen_values(true)
        } else {
            arg
        }
    };
    command
        .args_override_self(true)
        .mut_args(dashes)
        .mut_subcommands(conduct)
}

/// What help says of the phases.
fn phases(catalog: &Catalog, workflow: Workflow) -> String {
    let mut text = format!(
        "The \"{}\" command executes the following phases:\n",
        workflow.name()
    );
    for row in catalog.of(workflow).filter(|row| row.kind != Kind::Check) {
        let depth = row.id.matches('/').count();
        let last = row.id.rsplit('/').next().unwrap_or(&row.id);
        let name = format!(
            "{}{}{last}",
            "  ".repeat(depth),
            if depth > 0 { "/" } else { "" }
        );
        let _ = writeln!(text, "  {name:<32} {}", row.title);
    }
    text
}
