//! `config`: checks and converts configuration files, prints defaults, and handles the images of a
//! control plane.
mod schema;

use super::{
    CliError, Exit,
    command::{group, with_args, with_commands},
    images::{self, ImagesCommand},
    local_node, print,
};
use crate::{
    config::{
        self, ConfigFile, MachineFolder, MigratedFile, ValidFile, ValidateOptions, flags_of,
        own_release,
    },
    operator_files,
    program::Program,
    run::{distribution::Distribution, planning::PlanInput, waivers},
    workflow::init::Init,
};
use anyhow::{Context, Result};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Subcommand};
use kubephase_sdk::release::Release;
use schema::SchemaFlags;
use std::path::PathBuf;

/// The commands `config …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration file
    Validate(ValidateFlags),
    /// Convert a configuration file to the newest API version
    Migrate(MigrateFlags),
    /// Print default configurations
    #[command(subcommand)]
    Print(PrintCommand),
    /// Print the JSON Schema of documents, for editors
    Schema(SchemaFlags),
    /// The container images of a control plane
    #[command(subcommand)]
    Images(ImagesCommand),
}

/// The commands `config print …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum PrintCommand {
    /// The defaults of init
    #[command(name = "init-defaults")]
    Init(InitDefaultsFlags),
    /// The defaults of join
    #[command(name = "join-defaults")]
    Join,
    /// The defaults of reset
    #[command(name = "reset-defaults")]
    Reset,
    /// The defaults of upgrade
    #[command(name = "upgrade-defaults")]
    Upgrade,
}

#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct InitDefaultsFlags {
    /// Also print the defaults of these kinds: KubeProxyConfiguration, KubeletConfiguration
    #[arg(long, value_name = "KIND")]
    component_configs: Vec<String>,
}

#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidateFlags {
    /// Configuration file to check
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Accept API versions that will be removed
    #[arg(long)]
    allow_deprecated_api: bool,
    /// Accept API versions that are not yet settled
    #[arg(long)]
    allow_experimental_api: bool,
}

#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrateFlags {
    /// Configuration file of an older API version
    #[arg(long, value_name = "FILE")]
    old_config: Option<PathBuf>,
    /// File for the result [default: standard output]
    #[arg(long, value_name = "FILE")]
    new_config: Option<PathBuf>,
    /// Accept API versions that are not yet settled
    #[arg(long)]
    allow_experimental_api: bool,
}

/// Returns the command with its subcommands.
pub(super) fn command() -> Command {
    let kubeconfig = Arg::new("kubeconfig")
        .long("kubeconfig")
        .value_name("FILE")
        .global(true)
        .hide(true)
        .help("Accepted and not used (kubeadm behaviour)");
    group(
        "config",
        "Check and convert configuration files, print defaults, list and pull images",
    )
    .arg(kubeconfig)
    .subcommand(with_args(
        Command::new("validate").about("Check a configuration file"),
        flags_of::<ValidateFlags>(),
    ))
    .subcommand(with_args(
        Command::new("migrate").about("Convert a configuration file to the newest API version"),
        flags_of::<MigrateFlags>(),
    ))
    .subcommand(with_commands::<PrintCommand>(group(
        "print",
        "Print default configurations",
    )))
    .subcommand(with_args(
        Command::new("schema").about("Print the JSON Schema of documents, for editors"),
        flags_of::<SchemaFlags>(),
    ))
    .subcommand(with_commands::<ImagesCommand>(group(
        "images",
        "List and pull the container images of a control plane",
    )))
}

/// Reads the arguments of `config`.
pub(super) fn parse(matches: &ArgMatches) -> Result<ConfigCommand, CliError> {
    let command = ConfigCommand::from_arg_matches(matches)
        .map_err(|error| CliError::usage(error.to_string()))?;
    match &command {
        ConfigCommand::Validate(flags) => require(flags.config.as_ref(), "--config")?,
        ConfigCommand::Migrate(flags) => require(flags.old_config.as_ref(), "--old-config")?,
        ConfigCommand::Print(PrintCommand::Init(flags)) => {
            check_kinds(&flags.component_configs)?;
        }
        ConfigCommand::Print(_) | ConfigCommand::Schema(_) | ConfigCommand::Images(_) => {}
    }
    Ok(command)
}

fn require(path: Option<&PathBuf>, flag: &str) -> Result<(), CliError> {
    match path {
        Some(path) if !path.as_os_str().is_empty() => Ok(()),
        _ => Err(CliError::usage(format!("the {flag} flag is mandatory"))),
    }
}

fn check_kinds(kinds: &[String]) -> Result<(), CliError> {
    let known = ["KubeProxyConfiguration", "KubeletConfiguration"];
    if kinds.iter().all(|kind| known.contains(&kind.as_str())) {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "--component-configs needs to contain some of [{}]",
        known.join(" ")
    )))
}

/// Carries out a command of `config`.
///
/// # Errors
/// The configuration is refused, a file cannot be written, or an image cannot be pulled.
pub(super) fn run(
    command: &ConfigCommand,
    machine: &MachineFolder,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    match command {
        ConfigCommand::Validate(flags) => validate(flags, machine, distribution),
        ConfigCommand::Migrate(flags) => migrate(flags),
        ConfigCommand::Print(defaults) => {
            let documents = default_documents(defaults)?;
            Ok(print::text(&schema::name_in(
                &documents,
                Program::current(),
            )))
        }
        ConfigCommand::Schema(flags) => schema::run(flags, machine, distribution),
        ConfigCommand::Images(request) => images::run(request, machine),
    }
}

/// Refuses a flag that kubeadm of this release does not have, as kubeadm refuses it.
fn refuse_later_flag(
    flags: &ValidateFlags,
    program: Program,
    release: &Release,
) -> Result<(), CliError> {
    let is_unknown = program == Program::Kubeadm && !release.configuration.allows_deprecated_api;
    if flags.allow_deprecated_api && is_unknown {
        return Err(CliError::usage("unknown flag: --allow-deprecated-api"));
    }
    Ok(())
}

fn validate(
    flags: &ValidateFlags,
    machine: &MachineFolder,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    refuse_later_flag(flags, Program::current(), own_release())?;
    let file = ConfigFile::find(flags.config.as_deref(), machine)?;
    let options = ValidateOptions {
        allow_deprecated_api: flags.allow_deprecated_api,
    };
    let facts = local_node::facts_for_reading();
    let ValidFile { warnings, init } = config::validate(file.as_ref(), options, &facts)?;
    local_node::warn(&warnings);
    let documents = file.as_ref().map(ConfigFile::documents).transpose()?;
    let documents = documents.unwrap_or_default();
    let mut phases = config::phase_configuration_of(documents)?;
    let is_of_other_command = documents.iter().any(|document| {
        [
            "JoinConfiguration",
            "ResetConfiguration",
            "UpgradeConfiguration",
        ]
        .iter()
        .any(|kind| document.is_kubeadm(kind))
    });
    let warnings = match init.filter(|_| !is_of_other_command) {
        Some(mut loaded) => {
            if Program::current() == Program::Kubeadm {
                // kubeadm looks at the names of phases when the run begins.
                loaded.config.init.skip_phases.clear();
            }
            let request = PlanInput {
                workflow: &Init,
                config: &mut loaded.config,
                phases: &mut phases,
                file: file.as_ref(),
                skip: Vec::new(),
                only: None,
            };
            request.plan(distribution)?.warnings
        }
        None => waivers::warn_of_unknown(&phases, &distribution.catalog),
    };
    for warning in warnings {
        print::warning(&warning);
    }
    Ok(print::text("ok\n"))
}

fn migrate(flags: &MigrateFlags) -> Result<Exit> {
    let old = flags.old_config.as_deref().unwrap_or_else(|| "".as_ref());
    let node = local_node::facts_of(None)?;
    let MigratedFile { text, warnings } = config::migrate(old, &node, Program::current())?;
    local_node::warn(&warnings);
    let new = flags.new_config.as_deref();
    let Some(new) = new.filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(print::text(&text));
    };
    // The file can hold tokens and keys, so only its owner reads it. kubeadm writes it with 0644.
    operator_files::replace(new, text.as_bytes(), 0o600)
        .with_context(|| format!("cannot write {}", new.display()))?;
    Ok(Exit::Ok)
}

fn default_documents(command: &PrintCommand) -> Result<String> {
    Ok(match command {
        PrintCommand::Init(flags) => config::init_defaults(&flags.component_configs)?,
        PrintCommand::Join => config::join_defaults(&local_node::facts_for_reading().hostname),
        PrintCommand::Reset => config::reset_defaults(),
        PrintCommand::Upgrade => config::upgrade_defaults(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubeadm_of_an_older_release_does_not_know_a_flag_that_came_later() {
        let flags = ValidateFlags {
            allow_deprecated_api: true,
            ..ValidateFlags::default()
        };
        let is_refused =
            |program, version| refuse_later_flag(&flags, program, Release::of(version)).is_err();
        assert!(is_refused(Program::Kubeadm, "v1.33.0"));
        assert!(is_refused(Program::Kubeadm, "v1.35.0"));
        assert!(!is_refused(Program::Kubeadm, "v1.36.0"));
        assert!(!is_refused(Program::Kubephase, "v1.33.0"));
    }
}
