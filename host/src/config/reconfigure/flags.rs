//! The flags of `apply`.
use crate::config::{Problems, UpgradeOptions, absolute_path, upgrade::merge_checks};
use clap::Args;
use kubephase_sdk::kubeadm::Patches;

/// Flags of `apply`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ReconfigureFlags {
    /// Configuration file: each document in it takes the place of the one that the cluster keeps.
    /// Without a file, this machine follows the configuration that the cluster keeps
    #[arg(long)]
    pub config: Option<String>,
    /// Change nothing; print what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Checks whose errors are shown as warnings
    #[arg(long)]
    pub ignore_preflight_errors: Vec<String>,
    /// Kubeconfig to talk to the cluster with [default: /etc/kubernetes/admin.conf on a member of
    /// the control plane, /etc/kubernetes/kubelet.conf on a worker]
    #[arg(long, value_name = "FILE", value_parser = absolute_path)]
    pub kubeconfig: Option<String>,
    /// Directory of patches
    #[arg(long)]
    pub patches: Option<String>,
    /// Phases to leave out
    #[arg(long)]
    pub skip_phases: Vec<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
}

impl ReconfigureFlags {
    /// Returns the options of an upgrade that these flags stand for: static Pods are replaced as an
    /// upgrade replaces them, with the certificates that exist.
    ///
    /// # Errors
    /// `all` stands beside other checks.
    pub fn options(&self) -> Result<UpgradeOptions, Problems> {
        let mut options = UpgradeOptions {
            certificate_renewal: Some(false),
            etcd_upgrade: Some(true),
            dry_run: Some(self.dry_run),
            patches: self.patches.as_ref().map(|directory| Patches {
                directory: directory.clone(),
            }),
            ..UpgradeOptions::default()
        };
        merge_checks(&mut options, &self.ignore_preflight_errors)?;
        Ok(options)
    }
}
