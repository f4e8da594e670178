//! The flags of `init` that are part of its configuration, under kubeadm's names. Some of them
//! exclude a configuration file.
use super::{ConfigFile, MachineFolder, Problem, Problems, absolute_path};
use crate::{
    secret::Secret,
    text::go_number::{self, parse_bool_flag},
};
use clap::Args;
use kubephase_sdk::kubeadm::{Arg, ClusterConfiguration, Config};
use std::path::Path;

/// Flags of `init`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct InitFlags {
    /// The IP address the API Server will advertise it's listening on. If not set the default
    /// network interface will be used
    #[arg(long)]
    pub apiserver_advertise_address: Option<String>,
    /// Port for the API Server to bind to
    #[arg(long, value_parser = go_number::parse_int32)]
    pub apiserver_bind_port: Option<i32>,
    /// Further names and addresses for the API server's certificate
    #[arg(long)]
    pub apiserver_cert_extra_sans: Vec<String>,
    /// Directory of the certificates
    #[arg(long)]
    pub cert_dir: Option<String>,
    /// Key that encrypts the uploaded certificates
    #[arg(long)]
    pub certificate_key: Option<Secret<String>>,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Stable address for the control plane
    #[arg(long)]
    pub control_plane_endpoint: Option<String>,
    /// Socket of the container runtime
    #[arg(long)]
    pub cri_socket: Option<String>,
    /// Change nothing; print what would be done
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub dry_run: Option<bool>,
    /// Feature gates, key=true|false
    #[arg(long)]
    pub feature_gates: Option<String>,
    /// Checks whose errors are shown as warnings
    #[arg(long)]
    pub ignore_preflight_errors: Vec<String>,
    /// Registry of the control plane's images
    #[arg(long)]
    pub image_repository: Option<String>,
    /// Kubernetes version of the control plane
    #[arg(long)]
    pub kubernetes_version: Option<String>,
    /// The version of a cluster that a rehearsal goes on with, in place of the configured one
    #[arg(skip)]
    pub kept_version: Option<String>,
    /// Name of this node
    #[arg(long)]
    pub node_name: Option<String>,
    /// Directory of patches
    #[arg(long)]
    pub patches: Option<String>,
    /// Addresses for pods
    #[arg(long)]
    pub pod_network_cidr: Option<String>,
    /// Addresses for services
    #[arg(long)]
    pub service_cidr: Option<String>,
    /// DNS domain of services
    #[arg(long)]
    pub service_dns_domain: Option<String>,
    /// Do not print the key that encrypts the uploaded certificates
    #[arg(long)]
    pub skip_certificate_key_print: bool,
    /// Phases to leave out
    #[arg(long)]
    pub skip_phases: Vec<String>,
    /// Do not print the bootstrap token
    #[arg(long)]
    pub skip_token_print: bool,
    /// Bootstrap token
    #[arg(long)]
    pub token: Option<Secret<String>>,
    /// How long the bootstrap token is valid; 0 means for ever
    #[arg(long)]
    pub token_ttl: Option<kubephase_sdk::duration::Duration>,
    /// Upload the shared certificates, encrypted
    #[arg(long)]
    pub upload_certs: bool,
    /// flags that only single phases have
    #[arg(skip)]
    pub phase: PhaseFlags,
}

/// Flags that kubeadm has only for single phases.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseFlags {
    /// Kubeconfig to talk to the cluster with
    #[arg(long, value_name = "FILE", value_parser = absolute_path)]
    pub kubeconfig: Option<String>,
    /// Directory of the kubeconfigs
    #[arg(long, value_name = "DIR", value_parser = absolute_path)]
    pub kubeconfig_dir: Option<String>,
    /// Further arguments of the API server, key=value; deprecated: use
    /// `ClusterConfiguration.apiServer.extraArgs`
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub apiserver_extra_args: Vec<(String, String)>,
    /// Further arguments of the controller manager; deprecated: use
    /// `ClusterConfiguration.controllerManager.extraArgs`
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub controller_manager_extra_args: Vec<(String, String)>,
    /// Further arguments of the scheduler; deprecated: use
    /// `ClusterConfiguration.scheduler.extraArgs`
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub scheduler_extra_args: Vec<(String, String)>,
    /// Print the objects of the addon as YAML instead of applying them
    #[arg(long)]
    pub print_manifest: bool,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !value.contains('=') => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("malformed key=value pair in flag value: {text}")),
    }
}

impl PhaseFlags {
    /// Adds the further arguments of the components.
    pub(super) fn add_extra_args(&self, cluster: &mut ClusterConfiguration) {
        let components = [
            (&self.apiserver_extra_args, &mut cluster.api_server),
            (
                &self.controller_manager_extra_args,
                &mut cluster.controller_manager,
            ),
            (&self.scheduler_extra_args, &mut cluster.scheduler),
        ];
        for (given, component) in components {
            component
                .extra_args
                .extend(given.iter().map(|(name, value)| Arg {
                    name: name.clone(),
                    value: value.clone(),
                }));
        }
    }

    /// Returns kubeadm's notices of the deprecated flags that were given.
    pub fn deprecations(&self) -> Vec<String> {
        let fields = ["apiServer", "controllerManager", "scheduler"];
        let given = self.extra_args().into_iter().zip(fields);
        given
            .filter(|((_, is_given), _)| *is_given)
            .map(|((flag, _), field)| {
                format!(
                    "Flag --{flag} has been deprecated, use \
                     'ClusterConfiguration.{field}.extraArgs' instead. This flag will be removed \
                     in a future version"
                )
            })
            .collect()
    }

    /// Returns the names of the flags for further arguments, and whether each was given.
    fn extra_args(&self) -> [(&'static str, bool); 3] {
        [
            ("apiserver-extra-args", &self.apiserver_extra_args),
            (
                "controller-manager-extra-args",
                &self.controller_manager_extra_args,
            ),
            ("scheduler-extra-args", &self.scheduler_extra_args),
        ]
        .map(|(name, given)| (name, !given.is_empty()))
    }

    /// Sets the kubeconfig and the directory of kubeconfigs.
    pub(super) fn set_kubeconfigs<S>(&self, config: &mut Config<S>) {
        if let Some(directory) = &self.kubeconfig_dir {
            config.run.kubeconfig_dir.clone_from(directory);
            config.run.kubeconfig = format!("{directory}/admin.conf");
        }
        if let Some(kubeconfig) = &self.kubeconfig {
            config.run.kubeconfig.clone_from(kubeconfig);
        }
    }
}

/// Returns the flags of a struct.
pub fn flags_of<T: Args>() -> Vec<clap::Arg> {
    let command = T::augment_args(clap::Command::new("kubephase"));
    command.get_arguments().cloned().collect()
}

/// Flags that may be given together with `--config`, in addition to those that begin with `skip-`.
const WITH_CONFIG: &[&str] = &[
    "config",
    "ignore-preflight-errors",
    "dry-run",
    "node-name",
    "upload-certs",
];

impl InitFlags {
    /// Returns the names of the given flags, in alphabetical order.
    fn given_flags(&self) -> Vec<&'static str> {
        let flags = [
            (
                "apiserver-advertise-address",
                self.apiserver_advertise_address.is_some(),
            ),
            ("apiserver-bind-port", self.apiserver_bind_port.is_some()),
            (
                "apiserver-cert-extra-sans",
                !self.apiserver_cert_extra_sans.is_empty(),
            ),
            ("cert-dir", self.cert_dir.is_some()),
            ("certificate-key", self.certificate_key.is_some()),
            ("config", self.config.is_some()),
            (
                "control-plane-endpoint",
                self.control_plane_endpoint.is_some(),
            ),
            ("cri-socket", self.cri_socket.is_some()),
            ("dry-run", self.dry_run.is_some()),
            ("feature-gates", self.feature_gates.is_some()),
            (
                "ignore-preflight-errors",
                !self.ignore_preflight_errors.is_empty(),
            ),
            ("image-repository", self.image_repository.is_some()),
            ("kubernetes-version", self.kubernetes_version.is_some()),
            ("node-name", self.node_name.is_some()),
            ("patches", self.patches.is_some()),
            ("pod-network-cidr", self.pod_network_cidr.is_some()),
            ("service-cidr", self.service_cidr.is_some()),
            ("service-dns-domain", self.service_dns_domain.is_some()),
            (
                "skip-certificate-key-print",
                self.skip_certificate_key_print,
            ),
            ("skip-phases", !self.skip_phases.is_empty()),
            ("skip-token-print", self.skip_token_print),
            ("token", self.token.is_some()),
            ("token-ttl", self.token_ttl.is_some()),
            ("upload-certs", self.upload_certs),
        ];
        let mut names = names_of_given_flags(flags.into_iter().chain(self.phase.extra_args()));
        names.sort_unstable();
        names
    }

    /// Returns the given flags that exclude a configuration file.
    pub fn flags_instead_of_config(&self) -> Vec<&'static str> {
        self.given_flags()
            .into_iter()
            .filter(|name| !WITH_CONFIG.contains(name) && !name.starts_with("skip-"))
            .collect()
    }
}

/// Returns the file that `--config` names, merged with the machine's own files; `None` if there are
/// no files at all. An empty name names no file (kubeadm behaviour).
///
/// # Errors
/// The folder of the machine's own files cannot be read.
pub fn config_file(
    config: Option<&str>,
    machine: &MachineFolder,
) -> Result<Option<ConfigFile>, Problems> {
    let named = config.filter(|path| !path.is_empty()).map(Path::new);
    ConfigFile::find(named, machine)
}

/// Returns the names of the flags that were given.
pub(super) fn names_of_given_flags(
    flags: impl IntoIterator<Item = (&'static str, bool)>,
) -> Vec<&'static str> {
    flags
        .into_iter()
        .filter_map(|(name, is_given)| is_given.then_some(name))
        .collect()
}

/// Checks that no given flag excludes a configuration file.
///
/// # Errors
/// The operator names a file, and such a flag.
pub(super) fn check_not_mixed(file: Option<&ConfigFile>, given: &[&str]) -> Result<(), Problems> {
    if file.and_then(ConfigFile::operator_file).is_none() || given.is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        "",
        format!(
            "can not mix '--config' with arguments [{}]",
            given.join(" ")
        ),
    )
    .into())
}
