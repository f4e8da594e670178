//! Flags that kubeadm does not have.
use crate::{rehearse::ClusterSize, report::Output};
use clap::Args;
use std::path::PathBuf;

/// The amount of output. Every command has this flag.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerbosityFlags {
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

impl VerbosityFlags {
    /// Whether debug messages are shown.
    pub fn is_debug(self) -> bool {
        self.level > 0
    }
}

/// The node of a run, the place of the run, and the form of its output.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPlace {
    /// Description of the node that stands for this machine, YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub node: Option<PathBuf>,
    /// Scratch root of the node; files that are already there are files of the node
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputFlags,
}

/// The form of the output.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputFlags {
    /// Form of the output
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub format: Output,
}

/// The directory for the result of a dry run.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultFlags {
    /// Directory to write the result to: DIR/files and DIR/objects.yaml
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Flags of `rehearse` alone.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct RehearseFlags {
    /// Keep the API server up after the run, on this port or any free one, until interrupted
    #[arg(
        long,
        value_name = "PORT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0"
    )]
    pub serve: Option<u16>,
    #[command(flatten)]
    pub machines: ClusterSize,
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
