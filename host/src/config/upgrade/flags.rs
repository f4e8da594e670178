//! The flags of `upgrade apply` and `upgrade node`, and the options that they stand for.
use super::{UpgradeOptions, merge_checks};
use crate::{
    config::{ADMIN_KUBECONFIG, Problem, Problems, absolute_path, flags::names_of_given_flags},
    text::go_number::parse_bool_flag,
};
use clap::Args;
use kubephase_sdk::kubeadm::Patches;

/// Flags of `upgrade apply`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplyFlags {
    /// The Kubernetes version to upgrade the cluster to
    #[arg(value_name = "VERSION")]
    pub version: Vec<String>,
    /// Allow to upgrade to an alpha, beta or release candidate version
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub allow_experimental_upgrades: Option<bool>,
    /// Allow to upgrade to a release candidate
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub allow_release_candidate_upgrades: Option<bool>,
    /// Renew the certificates of components that are upgraded [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub certificate_renewal: Option<bool>,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Change nothing; print what would be done
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub dry_run: Option<bool>,
    /// Upgrade etcd [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub etcd_upgrade: Option<bool>,
    /// Upgrade even if versions do not fit together, and do not ask for confirmation
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub force: Option<bool>,
    /// Checks whose errors are shown as warnings
    #[arg(long)]
    pub ignore_preflight_errors: Vec<String>,
    /// Kubeconfig to talk to the cluster with
    #[arg(long, value_name = "FILE", default_value = ADMIN_KUBECONFIG,
          value_parser = absolute_path)]
    pub kubeconfig: String,
    /// Directory of patches
    #[arg(long)]
    pub patches: Option<String>,
    /// Print the configuration of the cluster that is upgraded
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub print_config: Option<bool>,
    /// Phases to leave out
    #[arg(long)]
    pub skip_phases: Vec<String>,
    /// Save a snapshot of etcd to /etc/kubernetes/tmp, and a copy of its data, before anything
    /// changes
    #[arg(long)]
    pub snapshot: bool,
    /// Instead of VERSION: a version or minor that may be several minors newer. The upgrade goes
    /// through each minor in between
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
}

/// Flags of `upgrade node`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct UpgradeNodeFlags {
    /// Renew the certificates of components that are upgraded [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub certificate_renewal: Option<bool>,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Change nothing; print what would be done
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub dry_run: Option<bool>,
    /// Upgrade etcd [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub etcd_upgrade: Option<bool>,
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
    /// Save a snapshot of etcd to /etc/kubernetes/tmp, and a copy of its data, before anything
    /// changes
    #[arg(long)]
    pub snapshot: bool,
}

/// Flags of `upgrade rollback`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct RollbackFlags {
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Change nothing; print what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Also restore the data of etcd: all writes to the cluster since the upgrade began are lost
    #[arg(long)]
    pub etcd: bool,
    /// Roll back even if other machines have newer versions, and do not ask for confirmation
    #[arg(short, long)]
    pub force: bool,
    /// Kubeconfig to talk to the cluster with [default: /etc/kubernetes/admin.conf on a member of
    /// the control plane, /etc/kubernetes/kubelet.conf on a worker]
    #[arg(long, value_name = "FILE", value_parser = absolute_path)]
    pub kubeconfig: Option<String>,
    /// Phases to leave out
    #[arg(long)]
    pub skip_phases: Vec<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
}

/// Returns the versions among the arguments. An empty argument counts as no argument (kubeadm
/// behaviour).
fn given_versions(arguments: &[String]) -> Vec<&str> {
    let words = arguments.iter().map(String::as_str);
    words.filter(|word| !word.is_empty()).collect()
}

impl ApplyFlags {
    /// Returns the given flags that exclude a configuration file.
    pub fn flags_instead_of_config(&self) -> Vec<&'static str> {
        names_of_given_flags([
            (
                "allow-experimental-upgrades",
                self.allow_experimental_upgrades.is_some(),
            ),
            (
                "allow-release-candidate-upgrades",
                self.allow_release_candidate_upgrades.is_some(),
            ),
            ("certificate-renewal", self.certificate_renewal.is_some()),
            ("etcd-upgrade", self.etcd_upgrade.is_some()),
            ("force", self.force.is_some()),
            ("patches", self.patches.is_some()),
            ("print-config", self.print_config.is_some()),
        ])
    }

    /// Sets the options for which flags were given, and the version of the argument.
    ///
    /// # Errors
    /// There is not exactly one version, or `all` stands beside other checks.
    pub fn merge_into(&self, options: &mut UpgradeOptions) -> Result<(), Problems> {
        match given_versions(&self.version)[..] {
            [] if self.to.is_some() => {}
            [..] if self.to.is_some() => {
                let message = "name the version either as an argument or with --to";
                return Err(Problem::new("", message).into());
            }
            [version] => options.kubernetes_version = version.to_owned(),
            ref given if options.kubernetes_version.is_empty() => {
                let why = if given.is_empty() {
                    "missing one or more required arguments"
                } else {
                    "too many arguments"
                };
                let message = format!("{why}. Required arguments: [version]");
                return Err(Problem::new("", message).into());
            }
            _ => {}
        }
        set(
            &mut options.allow_experimental_upgrades,
            self.allow_experimental_upgrades,
        );
        set(
            &mut options.allow_rc_upgrades,
            self.allow_release_candidate_upgrades,
        );
        set(&mut options.certificate_renewal, self.certificate_renewal);
        set(&mut options.etcd_upgrade, self.etcd_upgrade);
        set(&mut options.print_config, self.print_config);
        set(&mut options.dry_run, self.dry_run);
        set(&mut options.force_upgrade, self.force);
        set_skipped(options, &self.skip_phases);
        set_patches(options, self.patches.as_ref());
        merge_checks(options, &self.ignore_preflight_errors)
    }
}

impl UpgradeNodeFlags {
    /// Returns the given flags that exclude a configuration file.
    pub fn flags_instead_of_config(&self) -> Vec<&'static str> {
        names_of_given_flags([
            ("certificate-renewal", self.certificate_renewal.is_some()),
            ("etcd-upgrade", self.etcd_upgrade.is_some()),
            ("patches", self.patches.is_some()),
        ])
    }

    /// Sets the options for which flags were given.
    ///
    /// # Errors
    /// `all` stands beside other checks.
    pub fn merge_into(&self, options: &mut UpgradeOptions) -> Result<(), Problems> {
        set(&mut options.certificate_renewal, self.certificate_renewal);
        set(&mut options.etcd_upgrade, self.etcd_upgrade);
        set(&mut options.dry_run, self.dry_run);
        set_skipped(options, &self.skip_phases);
        set_patches(options, self.patches.as_ref());
        merge_checks(options, &self.ignore_preflight_errors)
    }
}

pub(super) fn set(option: &mut Option<bool>, flag: Option<bool>) {
    *option = flag.or(*option);
}

/// Sets the phases to leave out: those of the flag replace those of the file (kubeadm behaviour).
fn set_skipped(options: &mut UpgradeOptions, flag: &[String]) {
    if !flag.is_empty() {
        options.skip_phases = flag.to_vec();
    }
}

fn set_patches(options: &mut UpgradeOptions, flag: Option<&String>) {
    if let Some(directory) = flag {
        options.patches = Some(Patches {
            directory: directory.clone(),
        });
    }
}
