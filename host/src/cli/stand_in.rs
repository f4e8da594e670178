//! Stand-in for `config::flags::InitFlags`, with its name and kubeadm's flags, until that module is there.
use clap::Args;

/// Flags of `init`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct InitFlags {
    /// The IP address the API Server will advertise it's listening on. If not set the default network interface will be used
    #[arg(long)]
    pub apiserver_advertise_address: Option<String>,
    /// Port for the API Server to bind to
    #[arg(long)]
    pub apiserver_bind_port: Option<i32>,
    /// Further names and addresses for the API server's certificate
    #[arg(long, value_delimiter = ',')]
    pub apiserver_cert_extra_sans: Vec<String>,
    /// Where certificates are kept
    #[arg(long)]
    pub cert_dir: Option<String>,
    /// Key that encrypts the uploaded certificates
    #[arg(long)]
    pub certificate_key: Option<String>,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Stable address for the control plane
    #[arg(long)]
    pub control_plane_endpoint: Option<String>,
    /// Socket of the container runtime
    #[arg(long)]
    pub cri_socket: Option<String>,
    /// Change nothing; tell what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Feature gates, key=true|false
    #[arg(long)]
    pub feature_gates: Option<String>,
    /// Checks whose errors are shown as warnings
    #[arg(long, value_delimiter = ',')]
    pub ignore_preflight_errors: Vec<String>,
    /// Registry of the control plane's images
    #[arg(long)]
    pub image_repository: Option<String>,
    /// Kubernetes version of the control plane
    #[arg(long)]
    pub kubernetes_version: Option<String>,
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
    #[arg(long, value_delimiter = ',')]
    pub skip_phases: Vec<String>,
    /// Do not print the bootstrap token
    #[arg(long)]
    pub skip_token_print: bool,
    /// Bootstrap token
    #[arg(long)]
    pub token: Option<String>,
    /// Life of the bootstrap token; 0 for ever
    #[arg(long)]
    pub token_ttl: Option<kubephase_sdk::duration::Duration>,
    /// Upload the shared certificates, encrypted
    #[arg(long)]
    pub upload_certs: bool,
}
