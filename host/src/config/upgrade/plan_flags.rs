//! The flags of `upgrade plan` and `upgrade diff`, and the options that they stand for.
use super::{UpgradeDiff, UpgradeOptions, flags::set, merge_checks};
use crate::{
    config::{ADMIN_KUBECONFIG, Problems, absolute_path, flags::names_of_given_flags},
    text::go_number::{parse_bool_flag, parse_int32},
};
use clap::Args;

/// Flags of `upgrade plan`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct UpgradePlanFlags {
    /// The version to plan an upgrade to [default: the newest that is known]
    #[arg(value_name = "VERSION")]
    pub version: Vec<String>,
    /// Show alpha, beta and release candidate versions as well
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub allow_experimental_upgrades: Option<bool>,
    /// Show release candidates as well
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub allow_release_candidate_upgrades: Option<bool>,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Show the upgrade of etcd [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub etcd_upgrade: Option<bool>,
    /// Checks whose errors are shown as warnings
    #[arg(long)]
    pub ignore_preflight_errors: Vec<String>,
    /// Kubeconfig to talk to the cluster with
    #[arg(long, value_name = "FILE", default_value = ADMIN_KUBECONFIG,
          value_parser = absolute_path)]
    pub kubeconfig: String,
    /// Print the configuration of the cluster
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub print_config: Option<bool>,
}

/// Flags of `upgrade diff`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct UpgradeDiffFlags {
    /// The version of the new manifests [default: the version of the cluster]
    #[arg(value_name = "VERSION")]
    pub version: Vec<String>,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Unchanged lines to print around each difference [default: those of the configuration, or
    /// none]
    #[arg(short, long, value_name = "LINES", value_parser = parse_int32)]
    pub context_lines: Option<i32>,
    /// Kubeconfig to talk to the cluster with
    #[arg(long, value_name = "FILE", default_value = ADMIN_KUBECONFIG,
          value_parser = absolute_path)]
    pub kubeconfig: String,
}

impl UpgradePlanFlags {
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
            ("etcd-upgrade", self.etcd_upgrade.is_some()),
            ("print-config", self.print_config.is_some()),
        ])
    }

    /// Sets the options for which flags were given, and the version of the argument. Of several
    /// arguments none counts (kubeadm behaviour).
    ///
    /// # Errors
    /// `all` stands beside other checks.
    pub fn merge_into(&self, options: &mut UpgradeOptions) -> Result<(), Problems> {
        if let [version] = self.version.as_slice() {
            options.kubernetes_version.clone_from(version);
        }
        set(
            &mut options.allow_experimental_upgrades,
            self.allow_experimental_upgrades,
        );
        set(
            &mut options.allow_rc_upgrades,
            self.allow_release_candidate_upgrades,
        );
        set(&mut options.etcd_upgrade, self.etcd_upgrade);
        set(&mut options.print_config, self.print_config);
        merge_checks(options, &self.ignore_preflight_errors)
    }
}

impl UpgradeDiffFlags {
    /// Returns the given flags that exclude a configuration file.
    pub fn flags_instead_of_config(&self) -> Vec<&'static str> {
        names_of_given_flags([("context-lines", self.context_lines.is_some())])
    }

    /// Returns the version of the new manifests: the argument, that of the configuration, or that
    /// of the cluster.
    pub fn version<'a>(&'a self, options: &'a UpgradeDiff, cluster: &'a str) -> &'a str {
        match self.version.as_slice() {
            [version] if !version.is_empty() => version,
            _ if options.kubernetes_version.is_empty() => cluster,
            _ => &options.kubernetes_version,
        }
    }

    /// Returns the number of equal lines around each difference. A negative number stands for three
    /// (kubeadm behaviour).
    pub fn context(&self, options: &UpgradeDiff) -> usize {
        let lines = self.context_lines.map_or(options.context_lines, i64::from);
        usize::try_from(lines).unwrap_or(3)
    }
}
