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

/// The flags that every command has.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobalFlags {
    #[command(flatten)]
    pub verbosity: VerbosityFlags,
    // This flag and the next one are read from the words of the command line, before the
    // configuration and the other flags are.
    /// Directory that becomes the root directory before the command runs
    #[arg(long, global = true, value_name = "DIR", display_order = 901)]
    pub rootfs: Option<PathBuf>,
    /// Ignore the machine's own configuration in /etc/kubephase
    #[arg(long, global = true, display_order = 902)]
    pub no_conf_d: bool,
    /// Accepted and not used: log levels of single source files, PATTERN=LEVEL,…
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "PATTERN=LEVEL",
        value_parser = parse_log_levels
    )]
    pub vmodule: Option<String>,
}

/// Checks a value of `--vmodule` by kubeadm's rules.
fn parse_log_levels(text: &str) -> Result<String, String> {
    let entries = text.split(',').filter(|entry| !entry.is_empty());
    for entry in entries {
        let level = entry
            .split_once('=')
            .filter(|(pattern, _)| !pattern.is_empty())
            .and_then(|(_, level)| level.parse::<i32>().ok());
        match level {
            None => return Err("syntax error: expect comma-separated list of filename=N".into()),
            Some(..0) => return Err("negative value for vmodule level".into()),
            Some(_) => {}
        }
    }
    Ok(text.to_owned())
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

/// The bundle that a run uses instead of a network.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleFlags {
    /// Bundle of `bundle create` with the plugins and images of the run
    #[arg(long, value_name = "DIR|FILE.tar")]
    pub bundle: Option<PathBuf>,
}

/// Flags that only `rehearse` has.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct RehearseFlags {
    /// After the run, serve the API on this port, or on any free one, until interrupted
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
    /// Then upgrade the rehearsed cluster to this version, machine by machine
    #[arg(long, value_name = "VERSION")]
    pub upgrade_to: Option<String>,
    /// Folder of a built plugin to use without allowing or locking it, for its author; the
    /// configuration does not have to name it
    #[arg(long, value_name = "FOLDER")]
    pub dev: Option<PathBuf>,
}

/// Flags that only `plan` has.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanFlags {
    /// Description of the node that stands for this machine, YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub node: Option<PathBuf>,
    /// Scratch root of the node; files that are already there are files of the node
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Form of the plan
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub format: crate::plan::show::Format,
    /// Write the plan as one self-contained HTML file, and print nothing
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    pub html: Option<PathBuf>,
}
