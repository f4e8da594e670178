//! The flags of `doctor`, and the configuration of a node whose cluster does not answer.
use super::{
    CertificateFlags, Config, ConfigFile, LoadedConfig, LoadedUpgrade, Problems, UpgradeOptions,
    describe_this_node,
    file::documents_of,
    load_for_certificates,
    read::{Diagnostics, Strictness},
    reconfigure::phases_of_file,
    upgrade::merge_checks,
};
use crate::world::{Files, node::facts::NodeFacts};
use anyhow::Result;
use clap::Args;
use kubephase_sdk::kubeadm::Patches;
use std::path::PathBuf;

/// Default of `--expiring-within`, in days: a certificate that is valid for longer is not a
/// warning.
const DAYS: u32 = 30;

/// Flags of `doctor`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct DoctorFlags {
    /// Configuration file whose PhaseConfiguration has the plugins, rules and waivers [default:
    /// those of the configuration that the cluster keeps]
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// Warn of certificates that expire within this number of days
    #[arg(long, value_name = "DAYS", default_value_t = DAYS)]
    pub expiring_within: u32,
    /// Checks whose errors are shown as warnings
    #[arg(long)]
    pub ignore_preflight_errors: Vec<String>,
    /// Kubeconfig to talk to the cluster with [default: /etc/kubernetes/admin.conf on a member of
    /// the control plane, /etc/kubernetes/kubelet.conf on a worker]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<String>,
    /// Directory of patches that this machine was set up with
    #[arg(long)]
    pub patches: Option<String>,
    /// Phases to leave out
    #[arg(long)]
    pub skip_phases: Vec<String>,
    /// Also write the result as metrics to this file, for the textfile collector of node_exporter;
    /// its name has to end with .prom
    #[arg(long, value_name = "FILE", value_parser = parse_textfile)]
    pub textfile: Option<PathBuf>,
}

/// Checks the name of a file for the textfile collector, which reads no other files.
fn parse_textfile(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path
        .extension()
        .is_some_and(|extension| extension == "prom")
    {
        return Ok(path);
    }
    Err("the textfile collector reads only files whose names end with .prom".to_owned())
}

impl DoctorFlags {
    /// Returns the options of an upgrade that these flags stand for.
    ///
    /// # Errors
    /// `all` stands beside other checks.
    pub fn options(&self) -> Result<UpgradeOptions, Problems> {
        let mut options = UpgradeOptions {
            certificate_renewal: Some(false),
            dry_run: Some(true),
            patches: self.patches.as_ref().map(|directory| Patches {
                directory: directory.clone(),
            }),
            ..UpgradeOptions::default()
        };
        merge_checks(&mut options, &self.ignore_preflight_errors)?;
        Ok(options)
    }
}

/// Reads what the operator's file and the machine's own files say about phases.
///
/// # Errors
/// The files have problems; all are reported.
pub fn phases_for_doctor(file: Option<&ConfigFile>) -> Result<LoadedUpgrade> {
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    let documents = documents_of(file, &mut diagnostics)?;
    let loaded = phases_of_file(documents, &mut diagnostics)?;
    diagnostics.finish(documents)?;
    Ok(loaded)
}

/// Returns the configuration of a node whose cluster does not answer: from the file, and from what
/// the files of the node say. What neither says has its default.
///
/// # Errors
/// The defaults cannot be completed on this machine.
pub fn load_without_cluster(
    file: Option<&ConfigFile>,
    kubeconfig: &str,
    files: &dyn Files,
    node: &NodeFacts,
) -> Result<LoadedConfig, Problems> {
    let flags = CertificateFlags {
        kubeconfig: kubeconfig.to_owned(),
        ..CertificateFlags::default()
    };
    // The file may have only a PhaseConfiguration.
    let mut loaded = load_for_certificates(file, &flags, None, node)
        .or_else(|_| load_for_certificates(None, &flags, None, node))?;
    let config: &mut Config = &mut loaded.config;
    config.renewal = None;
    describe_this_node(config, files);
    Ok(loaded)
}
