//! Parses the arguments into a request, and carries out the commands. Parsing reads the arguments
//! only. Commands that are not runs print here; `report` prints the events of a run.

mod argv;
pub mod bundle;
pub mod certs;
mod clap_error;
mod cluster;
mod command;
mod config;
pub mod diff;
mod dry_run;
mod error;
mod examination;
mod execution;
pub mod exit;
mod exit_code;
pub mod flags;
pub mod images;
mod initial_world;
mod kubeadm;
pub mod kubeconfig;
mod local_node;
mod manifests;
mod otlp;
mod output;
pub mod phase;
mod plan;
pub mod plugin;
pub mod print;
mod question;
mod recordings;
mod rehearse;
mod report;
mod run;
#[cfg(test)]
mod tests;
pub mod token;
mod tree;
mod upgrade;
pub mod version;
pub mod workflow;

pub use crate::config::{InitFlags, JoinFlags, PhaseFlags, ResetFlags};
pub use crate::report::Output;
pub use clap_complete::Shell;
pub use error::CliError;
pub use exit::Exit;
pub use flags::{RunPlace, VerbosityFlags};
pub use plan::PlanRequest;
pub use rehearse::RehearseRequest;
pub use report::ReportRequest;
pub use run::{command_tree, main, main_in};
pub use version::VersionFormat;
pub use workflow::{PhaseRequest, WorkflowArguments, WorkflowRequest};

use crate::{
    config::flags_of,
    plan::catalog::Catalog,
    program::Program,
    run::workflow::{CommandShape, Workflow},
};
use argv::Argv;
use clap::{ArgMatches, Args, FromArgMatches};
use flags::{BundleFlags, GlobalFlags, PlanFlags, RehearseFlags, ResultFlags};
use phase::PhaseCommands;
use std::ffi::OsString;

/// A command of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Workflow(WorkflowRequest),
    Plan(PlanRequest),
    Rehearse(Box<RehearseRequest>),
    Report(ReportRequest),
    Config(config::ConfigCommand),
    Plugin(plugin::PluginCommand),
    Bundle(bundle::BundleCommand),
    Token(token::TokenRequest),
    Kubeconfig(kubeconfig::KubeconfigCommand),
    Certs(certs::CertsCommand),
    Upgrade(upgrade::UpgradeCommand),
    Diff(diff::DiffRequest),
    Version { format: VersionFormat },
    Completion { shell: Shell },
}

/// Parses the arguments, which begin with the name of the program. The catalog decides which
/// commands `phase` has.
///
/// # Errors
/// The command line is wrong, or asks for help.
pub fn parse(
    argv: impl IntoIterator<Item = OsString>,
    catalog: &Catalog,
) -> Result<Command, CliError> {
    let argv: Vec<OsString> = argv.into_iter().collect();
    let mut root = tree::root(catalog, PhaseCommands::named_in(&argv));
    let argv = Argv::read(&root, argv)?;
    if let Some(help) = kubeadm::help_without_command(&mut root, &argv) {
        return Err(help);
    }
    let matches = root
        .try_get_matches_from_mut(argv.all())
        .map_err(|error| CliError::from_clap(&error, &argv, || help(&mut root, &argv)))?;
    if let Some((workflow, below)) = find_workflow(&matches) {
        return parse_workflow(workflow, below, &argv).map(Command::Workflow);
    }
    if let Some(("plan", below)) = matches.subcommand()
        && let Some((workflow, _)) = find_workflow(below)
    {
        return parse_plan(workflow, &argv).map(Command::Plan);
    }
    match matches.subcommand() {
        Some(("rehearse", _)) => {
            rehearse(&argv).map(|request| Command::Rehearse(Box::new(request)))
        }
        Some(("report", below)) => read(below, &argv).map(Command::Report),
        Some(("config", below)) => config::parse(below).map(Command::Config),
        Some(("plugin", below)) => read(below, &argv).map(Command::Plugin),
        Some(("bundle", below)) => read(below, &argv).map(Command::Bundle),
        Some(("token", below)) => read(below, &argv).map(Command::Token),
        // Without a subcommand it prints its help and succeeds (kubeadm behaviour).
        Some(("kubeconfig", below)) if below.subcommand().is_none() => {
            Err(CliError::help(help(&mut root, &argv)))
        }
        Some(("kubeconfig", below)) => read(below, &argv).map(Command::Kubeconfig),
        Some(("certs", below)) => read(below, &argv).map(Command::Certs),
        Some(("upgrade", below)) => read(below, &argv).map(Command::Upgrade),
        Some(("diff", below)) => read(below, &argv).map(Command::Diff),
        Some(("version", below)) => version_format(below).map(|format| Command::Version { format }),
        Some(("completion", below)) => shell(below).map(|shell| Command::Completion { shell }),
        Some(_) => Err(CliError::missing_subcommand(help(&mut root, &argv))),
        None => Err(CliError::help(root.render_help().to_string())),
    }
}

/// Returns the help of the command that the arguments name.
fn help(root: &mut clap::Command, argv: &Argv) -> String {
    root.build();
    let found = argv
        .path
        .iter()
        .skip(1)
        .try_fold(&*root, |command, name| command.find_subcommand(name));
    let mut command = found.unwrap_or(root).clone();
    command.render_help().to_string()
}

/// Reads the arguments of a command into its struct.
fn read<T: FromArgMatches>(matches: &ArgMatches, argv: &Argv) -> Result<T, CliError> {
    T::from_arg_matches(matches).map_err(|error| CliError::from_clap(&error, argv, String::new))
}

/// Returns the workflow whose command the arguments name, with its own arguments.
fn find_workflow(matches: &ArgMatches) -> Option<(&'static dyn Workflow, &ArgMatches)> {
    crate::workflow::ALL.iter().find_map(|workflow| {
        let below = workflow
            .command()
            .iter()
            .try_fold(matches, |matches, word| matches.subcommand_matches(word))?;
        Some((*workflow, below))
    })
}

/// Reads the flags of a workflow and of its phases. The command's own flags were checked before.
fn parse_workflow(
    workflow: &'static dyn Workflow,
    matches: &ArgMatches,
    argv: &Argv,
) -> Result<WorkflowRequest, CliError> {
    let mut all = workflow.flags();
    if workflow.has_phase_flags() {
        all.extend(flags_of::<PhaseFlags>());
    }
    all.extend(flags_of::<RunPlace>());
    all.extend(flags_of::<ResultFlags>());
    all.extend(flags_of::<BundleFlags>());
    let arguments = parse_flags(all, argv)?;
    let phase = match workflow.shape() {
        CommandShape::Whole => matches.subcommand_matches("phase").map(phase::selected_id),
        CommandShape::Members { .. } => phase::selected_phase_name(matches),
    };
    let phase = match phase {
        Some(id) => Some(PhaseRequest {
            id,
            flags: if workflow.has_phase_flags() {
                read(&arguments, argv)?
            } else {
                PhaseFlags::default()
            },
        }),
        None => None,
    };
    Ok(WorkflowRequest {
        workflow: workflow.id(),
        phase,
        place: read(&arguments, argv)?,
        out: read::<ResultFlags>(&arguments, argv)?.out,
        bundle: read::<BundleFlags>(&arguments, argv)?.bundle,
        verbosity: read(&arguments, argv)?,
        arguments: WorkflowArguments(arguments),
    })
}

/// Reads the given flags. That the command has them was checked before.
fn parse_flags(flags: Vec<clap::Arg>, argv: &Argv) -> Result<ArgMatches, CliError> {
    let command = clap::Command::new(Program::current().name())
        .no_binary_name(true)
        .args(flags);
    let command = tree::behave_like_kubeadm(GlobalFlags::augment_args(command));
    command
        .try_get_matches_from(&argv.flags)
        .map_err(|error| CliError::from_clap(&error, argv, String::new))
}

#[derive(Args)]
struct RehearseAll {
    #[command(flatten)]
    init: InitFlags,
    #[command(flatten)]
    place: RunPlace,
    #[command(flatten)]
    rehearse: RehearseFlags,
}

/// Reads the flags of `plan` for a workflow. The command's own flags were checked before.
fn parse_plan(workflow: &'static dyn Workflow, argv: &Argv) -> Result<PlanRequest, CliError> {
    let all = [workflow.flags(), flags_of::<PlanFlags>()].concat();
    let arguments = parse_flags(all, argv)?;
    let PlanFlags {
        node,
        root,
        format,
        html,
    } = read(&arguments, argv)?;
    let run = WorkflowRequest {
        workflow: workflow.id(),
        phase: None,
        place: RunPlace {
            node,
            root,
            ..RunPlace::default()
        },
        out: None,
        bundle: None,
        verbosity: read(&arguments, argv)?,
        arguments: WorkflowArguments(arguments),
    };
    Ok(PlanRequest { run, format, html })
}

fn rehearse(argv: &Argv) -> Result<RehearseRequest, CliError> {
    let arguments = parse_flags(flags_of::<RehearseAll>(), argv)?;
    let RehearseAll {
        init,
        place,
        rehearse,
    } = read(&arguments, argv)?;
    Ok(RehearseRequest {
        flags: init,
        place,
        serve: rehearse.serve,
        machines: rehearse.machines,
        upgrade_to: rehearse.upgrade_to,
        dev: rehearse.dev,
        verbosity: read(&arguments, argv)?,
    })
}

fn version_format(matches: &ArgMatches) -> Result<VersionFormat, CliError> {
    match matches
        .get_one::<String>("output")
        .map_or("", String::as_str)
    {
        "" => Ok(VersionFormat::Text),
        "short" => Ok(VersionFormat::Short),
        "yaml" => Ok(VersionFormat::Yaml),
        "json" => Ok(VersionFormat::Json),
        other => Err(CliError::usage(format!("invalid output format: {other}"))),
    }
}

fn shell(matches: &ArgMatches) -> Result<Shell, CliError> {
    let named: Vec<&String> = matches.get_many("shell").into_iter().flatten().collect();
    match named.iter().map(|name| name.as_str()).collect::<Vec<_>>()[..] {
        [] => Err(CliError::usage("shell not specified")),
        ["bash"] => Ok(Shell::Bash),
        ["zsh"] => Ok(Shell::Zsh),
        ["fish"] => Ok(Shell::Fish),
        [other] => Err(CliError::usage(format!(
            "unsupported shell type {other:?}, the supported shell types are [bash fish zsh]"
        ))),
        _ => Err(CliError::usage(
            "too many arguments. expected only the shell type",
        )),
    }
}
