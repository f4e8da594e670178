//! From arguments to a request. Parsing reads nothing but the arguments; the printing here is for
//! commands that are no runs (runs tell what happens through `report`).

mod argv;
mod cluster;
mod error;
pub mod exit;
pub mod flags;
pub mod images;
pub mod kubeconfig;
mod machines;
mod output;
pub mod phase;
pub mod plugin;
pub mod print;
mod report;
pub mod reset;
mod run;
mod serve;
mod signals;
mod stage;
#[cfg(test)]
mod tests;
pub mod token;
mod tree;
pub mod version;

pub use crate::config::{InitFlags, JoinFlags, ResetFlags};
pub use crate::report::Output;
pub use clap_complete::Shell;
pub use error::CliError;
pub use exit::Exit;
pub use flags::{PhaseFlags, Place};
pub use report::ReportRequest;
pub use run::main;
pub use version::VersionFormat;

use crate::phase::catalog::{Catalog, Workflow};
use crate::plan::show::Format;
use argv::Argv;
use clap::{ArgMatches, Args, FromArgMatches};
use flags::{Form, Out, PlanFlags, Stay, ValidateFlags, Verbosity};
use std::ffi::OsString;
use std::path::PathBuf;

/// What the person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Init(InitRequest),
    Join(JoinRequest),
    Reset(reset::ResetRequest),
    Plan(PlanRequest),
    Rehearse(RehearseRequest),
    Report(ReportRequest),
    ConfigValidate {
        config: PathBuf,
        allow_deprecated_api: bool,
        allow_experimental_api: bool,
    },
    /// `component_configs` are kinds to print as well
    ConfigPrint {
        workflow: Workflow,
        component_configs: Vec<String>,
    },
    ConfigImages(images::ImagesCommand),
    Plugin(plugin::PluginCommand),
    Token(token::TokenRequest),
    Kubeconfig(kubeconfig::KubeconfigCommand),
    CertificateKey,
    Version {
        format: VersionFormat,
    },
    Completion {
        shell: Shell,
    },
}

/// `init`, or `init phase …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitRequest {
    pub flags: InitFlags,
    /// one phase or group alone, and its own flags
    pub phase: Option<PhaseRequest>,
    pub place: Place,
    /// where to leave the result
    pub out: Option<PathBuf>,
    pub verbosity: i32,
}

/// `join`, or `join phase …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    pub flags: JoinFlags,
    /// one phase or group alone, and its own flags
    pub phase: Option<PhaseRequest>,
    pub output: Output,
    pub verbosity: i32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseRequest {
    /// id of the phase or group
    pub id: String,
    pub flags: PhaseFlags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRequest {
    pub workflow: Workflow,
    pub flags: InitFlags,
    pub node: Option<PathBuf>,
    pub format: Format,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearseRequest {
    pub flags: InitFlags,
    pub place: Place,
    /// stay up on this port; 0 for any
    pub serve: Option<u16>,
    pub machines: machines::Machines,
    pub verbosity: i32,
}

/// Reads the arguments (the program's name first); the catalog gives the commands below `phase`.
pub fn parse(
    argv: impl IntoIterator<Item = OsString>,
    catalog: &Catalog,
) -> Result<Command, CliError> {
    let mut root = tree::root(catalog);
    let argv = Argv::read(&root, argv)?;
    if argv.path.len() == 1 && argv.flags.is_empty() {
        return Err(CliError::help(root.render_help().to_string()));
    }
    let matches = root
        .try_get_matches_from_mut(argv.all())
        .map_err(|error| CliError::from_clap(&error, &argv, || help(&mut root, &argv)))?;
    match matches.subcommand() {
        Some(("init", below)) => init(below, &argv).map(Command::Init),
        Some(("join", below)) => join(below, &argv).map(Command::Join),
        Some(("reset", below)) => reset(below, &argv).map(Command::Reset),
        Some(("plan", _)) => plan(&argv).map(Command::Plan),
        Some(("rehearse", below)) => rehearse(below, &argv).map(Command::Rehearse),
        Some(("report", below)) => asked(below, &argv).map(Command::Report),
        Some(("config", below)) => config(below, &argv),
        Some(("plugin", below)) => asked(below, &argv).map(Command::Plugin),
        Some(("token", below)) => asked(below, &argv).map(Command::Token),
        // Alone it only tells of itself, and that is no mistake (kubeadm behaviour).
        Some(("kubeconfig", below)) if below.subcommand().is_none() => {
            Err(CliError::help(help(&mut root, &argv)))
        }
        Some(("kubeconfig", below)) => asked(below, &argv).map(Command::Kubeconfig),
        Some(("certs", _)) => Ok(Command::CertificateKey),
        Some(("version", below)) => version_format(below).map(|format| Command::Version { format }),
        Some(("completion", below)) => shell(below).map(|shell| Command::Completion { shell }),
        _ => Err(CliError {
            help: Some(help(&mut root, &argv)),
            ..CliError::usage("subcommand is required")
        }),
    }
}

/// Help of the command that the arguments name.
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

/// What a command that reads its own flags was given.
fn asked<T: FromArgMatches>(matches: &ArgMatches, argv: &Argv) -> Result<T, CliError> {
    T::from_arg_matches(matches).map_err(|error| CliError::from_clap(&error, argv, String::new))
}

/// All flags of the structs in `T`, whichever of them the command itself offers: which are allowed
/// was checked.
fn extract<T: Args>(argv: &Argv) -> Result<T, CliError> {
    let all = tree::conduct(Verbosity::augment_args(T::augment_args(
        clap::Command::new(tree::NAME).no_binary_name(true),
    )));
    let matches = all.try_get_matches_from(&argv.flags);
    matches
        .and_then(|matches| T::from_arg_matches(&matches))
        .map_err(|error| CliError::from_clap(&error, argv, String::new))
}

/// Everything `init` and its phases know.
#[derive(Args)]
struct InitAll {
    #[command(flatten)]
    init: InitFlags,
    #[command(flatten)]
    phase: PhaseFlags,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    out: Out,
}

/// Everything `join` and its phases know.
#[derive(Args)]
struct JoinAll {
    #[command(flatten)]
    join: JoinFlags,
    #[command(flatten)]
    phase: PhaseFlags,
    #[command(flatten)]
    form: Form,
}

#[derive(Args)]
struct ResetAll {
    #[command(flatten)]
    reset: ResetFlags,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct PlanAll {
    #[command(flatten)]
    init: InitFlags,
    #[command(flatten)]
    plan: PlanFlags,
}

#[derive(Args)]
struct RehearseAll {
    #[command(flatten)]
    init: InitFlags,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    stay: Stay,
}

fn verbosity(matches: &ArgMatches) -> i32 {
    matches.get_one("level").copied().unwrap_or_default()
}

fn init(matches: &ArgMatches, argv: &Argv) -> Result<InitRequest, CliError> {
    let InitAll {
        init,
        phase,
        place,
        out,
    } = extract(argv)?;
    let phase = matches
        .subcommand_matches("phase")
        .map(|below| PhaseRequest {
            id: phase::selected(below),
            flags: phase,
        });
    Ok(InitRequest {
        flags: init,
        phase,
        place,
        out: out.out,
        verbosity: verbosity(matches),
    })
}

fn join(matches: &ArgMatches, argv: &Argv) -> Result<JoinRequest, CliError> {
    let JoinAll { join, phase, form } = extract(argv)?;
    let phase = matches
        .subcommand_matches("phase")
        .map(|below| PhaseRequest {
            id: phase::selected(below),
            flags: phase,
        });
    Ok(JoinRequest {
        flags: join,
        phase,
        output: form.output,
        verbosity: verbosity(matches),
    })
}

fn reset(matches: &ArgMatches, argv: &Argv) -> Result<reset::ResetRequest, CliError> {
    let ResetAll { reset, place } = extract(argv)?;
    let phase = matches.subcommand_matches("phase").map(phase::selected);
    Ok(reset::ResetRequest {
        flags: reset,
        phase,
        place,
        verbosity: verbosity(matches),
    })
}

fn plan(argv: &Argv) -> Result<PlanRequest, CliError> {
    let PlanAll { init, plan } = extract(argv)?;
    Ok(PlanRequest {
        workflow: Workflow::Init,
        flags: init,
        node: plan.node,
        format: plan.output,
    })
}

fn rehearse(matches: &ArgMatches, argv: &Argv) -> Result<RehearseRequest, CliError> {
    let RehearseAll { init, place, stay } = extract(argv)?;
    Ok(RehearseRequest {
        flags: init,
        place,
        serve: stay.serve,
        machines: stay.machines,
        verbosity: verbosity(matches),
    })
}

fn config(matches: &ArgMatches, argv: &Argv) -> Result<Command, CliError> {
    if matches.subcommand_matches("validate").is_some() {
        let ValidateFlags {
            config,
            allow_deprecated_api,
            allow_experimental_api,
        } = extract(argv)?;
        let config = config
            .filter(|path| !path.as_os_str().is_empty())
            .ok_or_else(|| CliError::usage("the --config flag is mandatory"))?;
        return Ok(Command::ConfigValidate {
            config,
            allow_deprecated_api,
            allow_experimental_api,
        });
    }
    if let Some(below) = matches.subcommand_matches("images") {
        return asked(below, argv).map(Command::ConfigImages);
    }
    let defaults = matches
        .subcommand_matches("print")
        .and_then(|print| print.subcommand_matches("init-defaults"));
    let kinds = defaults.and_then(|defaults| defaults.get_many::<String>("component-configs"));
    let component_configs: Vec<String> = kinds.into_iter().flatten().cloned().collect();
    let known = ["KubeProxyConfiguration", "KubeletConfiguration"];
    if component_configs
        .iter()
        .any(|kind| !known.contains(&kind.as_str()))
    {
        return Err(CliError::usage(format!(
            "--component-configs needs to contain some of [{}]",
            known.join(" ")
        )));
    }
    Ok(Command::ConfigPrint {
        workflow: Workflow::Init,
        component_configs,
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
