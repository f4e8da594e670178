//! The flags of `join`, and the configuration that they stand for.
use super::{ControlPlane, FileDiscovery, JoinConfiguration, TokenDiscovery};
use crate::{
    config::{
        Problem,
        flags::{PhaseFlags, names_of_given_flags},
        read::Diagnostics,
    },
    secret::Secret,
    text::go_number::{self, parse_bool_flag},
};
use clap::Args;
use kubephase_sdk::kubeadm::{ApiEndpoint, Patches};

/// Flags of `join`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinFlags {
    /// Address of the cluster's API server, host:port
    #[arg(value_name = "API-SERVER-ENDPOINT")]
    pub endpoint: Option<String>,
    /// The IP address the API Server will advertise it's listening on. If not set the default
    /// network interface will be used
    #[arg(long)]
    pub apiserver_advertise_address: Option<String>,
    /// Port for the API Server to bind to
    #[arg(long, value_parser = go_number::parse_int32)]
    pub apiserver_bind_port: Option<i32>,
    /// Key that decrypts the certificates that init uploaded
    #[arg(long)]
    pub certificate_key: Option<Secret<String>>,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Join as a member of the control plane
    #[arg(long)]
    pub control_plane: bool,
    /// Socket of the container runtime
    #[arg(long)]
    pub cri_socket: Option<String>,
    /// Path or HTTPS URL of a kubeconfig with the address and the authority of the cluster
    #[arg(long)]
    pub discovery_file: Option<String>,
    /// Token with which this node verifies the cluster
    #[arg(long)]
    pub discovery_token: Option<Secret<String>>,
    /// Hash of the public key of the cluster's authority, sha256:HEX
    #[arg(long)]
    pub discovery_token_ca_cert_hash: Vec<String>,
    /// Trust any API server that answers, without a hash of the cluster's authority
    #[arg(long)]
    pub discovery_token_unsafe_skip_ca_verification: bool,
    /// Change nothing; print what would be done
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = parse_bool_flag)]
    pub dry_run: Option<bool>,
    /// Checks whose errors are shown as warnings
    #[arg(long)]
    pub ignore_preflight_errors: Vec<String>,
    /// Name of this node
    #[arg(long)]
    pub node_name: Option<String>,
    /// Directory of patches
    #[arg(long)]
    pub patches: Option<String>,
    /// Phases to leave out
    #[arg(long)]
    pub skip_phases: Vec<String>,
    /// Token with which this node authenticates to the cluster
    #[arg(long)]
    pub tls_bootstrap_token: Option<Secret<String>>,
    /// Token for both --discovery-token and --tls-bootstrap-token
    #[arg(long)]
    pub token: Option<Secret<String>>,
    /// flags that only single phases have
    #[arg(skip)]
    pub phase: PhaseFlags,
}

impl JoinFlags {
    /// Returns the given flags that exclude a configuration file.
    pub(super) fn flags_instead_of_config(&self) -> Vec<&'static str> {
        names_of_given_flags([
            (
                "apiserver-advertise-address",
                self.apiserver_advertise_address.is_some(),
            ),
            ("apiserver-bind-port", self.apiserver_bind_port.is_some()),
            ("certificate-key", self.certificate_key.is_some()),
            ("control-plane", self.control_plane),
            ("cri-socket", self.cri_socket.is_some()),
            ("discovery-file", self.discovery_file.is_some()),
            ("discovery-token", self.discovery_token.is_some()),
            (
                "discovery-token-ca-cert-hash",
                !self.discovery_token_ca_cert_hash.is_empty(),
            ),
            (
                "discovery-token-unsafe-skip-ca-verification",
                self.discovery_token_unsafe_skip_ca_verification,
            ),
            ("patches", self.patches.is_some()),
            ("tls-bootstrap-token", self.tls_bootstrap_token.is_some()),
            ("token", self.token.is_some()),
        ])
    }

    /// Returns the token of a flag, or of `--token` if the flag was not given.
    fn or_token(&self, flag: &Option<Secret<String>>) -> Secret<String> {
        let token = flag.as_ref().or(self.token.as_ref());
        token.cloned().unwrap_or_default()
    }
}

/// Sets the fields that are named by the flags of a node that joins without a configuration file.
/// All other fields stay as the machine's own files have them. A token for discovery counts only
/// with an endpoint (kubeadm behaviour).
pub(super) fn set_flags(
    join: &mut JoinConfiguration,
    flags: &JoinFlags,
    diagnostics: &mut Diagnostics,
) {
    if let Some(endpoint) = flags
        .endpoint
        .as_deref()
        .filter(|endpoint| !endpoint.is_empty())
    {
        join.discovery.bootstrap_token = Some(TokenDiscovery {
            token: flags.or_token(&flags.discovery_token),
            api_server_endpoint: endpoint.to_owned(),
            ca_cert_hashes: flags.discovery_token_ca_cert_hash.clone(),
            unsafe_skip_ca_verification: flags.discovery_token_unsafe_skip_ca_verification,
        });
    }
    if let Some(path) = &flags.discovery_file {
        join.discovery.file = Some(FileDiscovery {
            kube_config_path: path.clone(),
        });
    }
    let token = flags.or_token(&flags.tls_bootstrap_token);
    if !token.is_empty() {
        join.discovery.tls_bootstrap_token = token;
    }
    set_control_plane(join, flags, diagnostics);
    if let Some(socket) = &flags.cri_socket {
        join.node_registration.cri_socket.clone_from(socket);
    }
    if let Some(directory) = &flags.patches {
        join.patches = Some(Patches {
            directory: directory.clone(),
        });
    }
}

/// Sets whether the node joins as a member of the control plane, which only the flags decide.
fn set_control_plane(
    join: &mut JoinConfiguration,
    flags: &JoinFlags,
    diagnostics: &mut Diagnostics,
) {
    let of_machine = join.control_plane.take().unwrap_or_default();
    let control_plane_flags = [
        ("certificate-key", flags.certificate_key.is_some()),
        (
            "apiserver-advertise-address",
            flags.apiserver_advertise_address.is_some(),
        ),
        ("apiserver-bind-port", flags.apiserver_bind_port.is_some()),
    ];
    if flags.control_plane {
        let endpoint = of_machine.local_api_endpoint;
        let address = flags.apiserver_advertise_address.clone();
        let key = flags.certificate_key.clone();
        join.control_plane = Some(ControlPlane {
            local_api_endpoint: ApiEndpoint {
                advertise_address: address.unwrap_or(endpoint.advertise_address),
                bind_port: flags.apiserver_bind_port.unwrap_or(endpoint.bind_port),
            },
            certificate_key: key.unwrap_or(of_machine.certificate_key),
        });
    } else if control_plane_flags.iter().any(|(_, given)| *given) {
        let names: Vec<&str> = control_plane_flags.iter().map(|(name, _)| *name).collect();
        diagnostics.warnings.push(Problem::new(
            "",
            format!(
                "[preflight] WARNING: --control-plane is also required when passing control-plane \
                 related flags such as [{}]",
                names.join(", ")
            ),
        ));
    }
}
