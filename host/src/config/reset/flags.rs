//! The flags of `reset`.
use crate::{
    config::{absolute_path, flags::names_of_given_flags},
    text::go_number::parse_bool_flag,
};
use clap::Args;

/// Flags of `reset`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ResetFlags {
    /// Directory of the certificates; its content is deleted
    #[arg(long)]
    pub cert_dir: Option<String>,
    /// Delete the content of /etc/kubernetes/tmp as well
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub cleanup_tmp_dir: Option<bool>,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Socket of the container runtime
    #[arg(long)]
    pub cri_socket: Option<String>,
    /// Change nothing; print what would be done
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub dry_run: Option<bool>,
    /// Do not ask for confirmation
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub force: Option<bool>,
    /// Checks whose errors are shown as warnings
    #[arg(long)]
    pub ignore_preflight_errors: Vec<String>,
    /// Kubeconfig to talk to the cluster with
    #[arg(long, value_name = "FILE", value_parser = absolute_path)]
    pub kubeconfig: Option<String>,
    /// Phases to leave out
    #[arg(long)]
    pub skip_phases: Vec<String>,
}

impl ResetFlags {
    /// Returns the given flags that exclude a configuration file.
    pub(super) fn flags_instead_of_config(&self) -> Vec<&'static str> {
        names_of_given_flags([
            ("cert-dir", self.cert_dir.is_some()),
            ("cleanup-tmp-dir", self.cleanup_tmp_dir.is_some()),
            ("cri-socket", self.cri_socket.is_some()),
            ("force", self.force.is_some()),
        ])
    }
}
