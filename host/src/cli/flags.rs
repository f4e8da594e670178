//! Flags beside those of kubeadm's `init`.
use crate::report::Output;
use clap::Args;
use std::path::PathBuf;

/// Flags that kubeadm has only below `init phase`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseFlags {
    /// Kubeconfig to talk to the cluster with
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<String>,
    /// Directory the kubeconfigs are written to
    #[arg(long, value_name = "DIR")]
    pub kubeconfig_dir: Option<String>,
    /// Further arguments of the API server, key=value; deprecated: use
    /// `ClusterConfiguration.apiServer.extraArgs`
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE", value_parser = pair)]
    pub apiserver_extra_args: Vec<(String, String)>,
    /// Further arguments of the controller manager; deprecated: use
    /// `ClusterConfiguration.controllerManager.extraArgs`
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE", value_parser = pair)]
    pub controller_manager_extra_args: Vec<(String, String)>,
    /// Further arguments of the scheduler; deprecated: use
    /// `ClusterConfiguration.scheduler.extraArgs`
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE", value_parser = pair)]
    pub scheduler_extra_args: Vec<(String, String)>,
    /// Print the addon's objects instead of applying them
    #[arg(long)]
    pub print_manifest: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !value.contains('=') => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("malformed key=value pair in flag value: {text}")),
    }
}

/// How loud to be; every command has it.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verbosity {
    /// Log level; from 1 on debug messages are shown
    #[arg(
        short = 'v',
        long = "v",
        global = true,
        value_name = "LEVEL",
        default_value_t = 0,
        hide_default_value = true,
        display_order = 900
    )]
    pub level: i32,
}

/// What stands for the machine, and how the run is told.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Description of the node that stands for this machine, YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub node: Option<PathBuf>,
    /// Scratch root of the node; files already there are what the node has
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    #[command(flatten)]
    pub form: Form,
}

/// The form of what is told.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// Where a dry run leaves its result.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Out {
    /// Directory to write the result to: DIR/files and DIR/objects.yaml
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Flags of `rehearse` alone.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Stay {
    /// Keep the API server up after the run, on this port or any free one, until interrupted
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub serve: Option<u16>,
    #[command(flatten)]
    pub machines: super::machines::Machines,
}

/// Flags of `plan` alone.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanFlags {
    /// Description of the node that stands for this machine, YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub node: Option<PathBuf>,
    /// Form of the plan
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: crate::plan::show::Format,
}

/// Flags of `config validate`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidateFlags {
    /// Configuration file to check
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Accept API versions that will be removed
    #[arg(long)]
    pub allow_deprecated_api: bool,
    /// Accept API versions that are not yet settled
    #[arg(long)]
    pub allow_experimental_api: bool,
}
