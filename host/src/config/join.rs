//! What a node is given that joins: a JoinConfiguration, flags, or both. The rest of its
//! configuration is in the cluster.
use super::{
    ConfigFile, Document, InitConfiguration, PhaseConfiguration, Problem, Problems,
    component::kubeadm_schema as schema,
    defaults,
    flags::{PhaseFlags, unmixed},
    load::{GROUP, ignored_checks},
    phases,
    read::{Diagnostics, Strictness, known_version},
    validate as rules,
};
use crate::{
    secret::{Secret, bootstrap_token},
    world::node::facts::NodeFacts,
};
use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE;
use kubephase_sdk::{
    kubeadm::{ApiEndpoint, NodeRegistration, Patches, Timeouts},
    node::without_user_info,
};
use serde::Deserialize;
use std::path::Path;

/// Flags of `join`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinFlags {
    /// Where the cluster's API server is, host:port
    #[arg(value_name = "API-SERVER-ENDPOINT")]
    pub endpoint: Option<String>,
    /// The IP address the API Server will advertise it's listening on. If not set the default
    /// network interface will be used
    #[arg(long)]
    pub apiserver_advertise_address: Option<String>,
    /// Port for the API Server to bind to
    #[arg(long)]
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
    /// Kubeconfig, file or HTTPS URL, that says where the cluster is and whom to trust
    #[arg(long)]
    pub discovery_file: Option<String>,
    /// Token that proves the cluster to this node
    #[arg(long)]
    pub discovery_token: Option<Secret<String>>,
    /// Hash of the public key of the cluster's authority, sha256:HEX
    #[arg(long, value_delimiter = ',')]
    pub discovery_token_ca_cert_hash: Vec<String>,
    /// Trust any API server that answers, without a hash of the cluster's authority
    #[arg(long)]
    pub discovery_token_unsafe_skip_ca_verification: bool,
    /// Change nothing; tell what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Checks whose errors are shown as warnings
    #[arg(long, value_delimiter = ',')]
    pub ignore_preflight_errors: Vec<String>,
    /// Name of this node
    #[arg(long)]
    pub node_name: Option<String>,
    /// Directory of patches
    #[arg(long)]
    pub patches: Option<String>,
    /// Phases to leave out
    #[arg(long, value_delimiter = ',')]
    pub skip_phases: Vec<String>,
    /// Token that proves this node to the cluster
    #[arg(long)]
    pub tls_bootstrap_token: Option<Secret<String>>,
    /// Both tokens at once
    #[arg(long)]
    pub token: Option<Secret<String>>,
    /// flags of single phases, which the whole command does not have
    #[arg(skip)]
    pub phase: PhaseFlags,
}

impl JoinFlags {
    /// What must not be given together with a configuration file.
    fn not_with_config(&self) -> Vec<&'static str> {
        [
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
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }
}

/// `JoinConfiguration` of `kubeadm.k8s.io/v1beta4`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JoinConfiguration {
    pub ca_cert_path: String,
    pub control_plane: Option<ControlPlane>,
    pub discovery: Discovery,
    pub dry_run: bool,
    pub node_registration: NodeRegistration,
    pub patches: Option<Patches>,
    pub skip_phases: Vec<String>,
    pub timeouts: Option<Timeouts>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControlPlane {
    #[serde(rename = "localAPIEndpoint")]
    pub local_api_endpoint: ApiEndpoint,
    pub certificate_key: Secret<String>,
}

/// How the cluster is found, and how both sides come to trust each other.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Discovery {
    pub bootstrap_token: Option<TokenDiscovery>,
    pub file: Option<FileDiscovery>,
    pub tls_bootstrap_token: Secret<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenDiscovery {
    pub token: Secret<String>,
    pub api_server_endpoint: String,
    pub ca_cert_hashes: Vec<String>,
    #[serde(rename = "unsafeSkipCAVerification")]
    pub unsafe_skip_ca_verification: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileDiscovery {
    pub kube_config_path: String,
}

impl JoinConfiguration {
    /// What of it a node of the control plane shares with one that is initialised.
    pub fn as_init(&self) -> InitConfiguration {
        let control_plane = self.control_plane.clone().unwrap_or_default();
        InitConfiguration {
            node_registration: self.node_registration.clone(),
            local_api_endpoint: control_plane.local_api_endpoint,
            certificate_key: control_plane.certificate_key,
            skip_phases: self.skip_phases.clone(),
            patches: self.patches.clone(),
            timeouts: self.timeouts.clone(),
            ..InitConfiguration::default()
        }
    }
}

/// A node that can set out to find its cluster.
#[derive(Debug)]
pub struct LoadedJoin {
    /// with its secrets
    pub join: JoinConfiguration,
    pub phases: PhaseConfiguration,
    pub warnings: Vec<Problem>,
}

/// Reads, defaults and validates what `join` sets out with.
///
/// # Errors
/// Every problem there is, as far as reading came.
pub fn load_join(
    file: Option<&ConfigFile>,
    flags: &JoinFlags,
    node: &NodeFacts,
) -> Result<LoadedJoin, Problems> {
    unmixed(file, &flags.not_with_config())?;
    let documents = file
        .map(ConfigFile::documents)
        .transpose()?
        .unwrap_or_default();
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    let (mut join, mut phases) = (None, PhaseConfiguration::default());
    for document in documents {
        match (document.group(), document.kind.as_str()) {
            (GROUP, "JoinConfiguration") => {
                join = decode(document, &mut diagnostics).or(Some(JoinConfiguration::default()))
            }
            (_, phases::KIND) => match phases::read(document) {
                Ok(read) => phases = read,
                Err(problem) => diagnostics.problems.push(problem),
            },
            _ => diagnostics.ignored(document),
        }
    }
    if file.is_some() && join.is_none() {
        let none = Problem::new("", "no JoinConfiguration found in the supplied config");
        diagnostics.fatal(Problem {
            file: file.map(|file| file.path().to_owned()),
            ..none
        });
    }
    if diagnostics.broken {
        return Err(Problems(diagnostics.problems));
    }
    let mut join = join.unwrap_or_else(|| of_flags(flags, &mut diagnostics));
    if let Some(name) = &flags.node_name {
        join.node_registration.name.clone_from(name);
    }
    if !flags.skip_phases.is_empty() {
        join.skip_phases.clone_from(&flags.skip_phases);
    }
    join.dry_run |= flags.dry_run;
    complete(&mut join, node, &mut diagnostics);
    if let Some(control_plane) = &join.control_plane {
        diagnostics.problems.extend(defaults::bindable(
            &control_plane.local_api_endpoint,
            "controlPlane.localAPIEndpoint.advertiseAddress",
        ));
    }
    let registration = &mut join.node_registration;
    diagnostics.problems.extend(ignored_checks(
        &mut registration.ignore_preflight_errors,
        &flags.ignore_preflight_errors,
    ));
    let warnings = diagnostics.settled(documents)?;
    Ok(LoadedJoin {
        join,
        phases,
        warnings,
    })
}

/// A node that joins by flags alone. The token that finds the cluster needs to know where it is
/// (kubeadm behaviour).
fn of_flags(flags: &JoinFlags, diagnostics: &mut Diagnostics) -> JoinConfiguration {
    let text = |flag: &Option<String>| flag.clone().unwrap_or_default();
    let or_both = |flag: &Option<Secret<String>>| {
        flag.as_ref()
            .or(flags.token.as_ref())
            .cloned()
            .unwrap_or_default()
    };
    let mut join = JoinConfiguration::default();
    if let Some(endpoint) = flags
        .endpoint
        .as_deref()
        .filter(|endpoint| !endpoint.is_empty())
    {
        join.discovery.bootstrap_token = Some(TokenDiscovery {
            token: or_both(&flags.discovery_token),
            api_server_endpoint: endpoint.to_owned(),
            ca_cert_hashes: flags.discovery_token_ca_cert_hash.clone(),
            unsafe_skip_ca_verification: flags.discovery_token_unsafe_skip_ca_verification,
        });
    }
    join.discovery.file = flags.discovery_file.clone().map(|path| FileDiscovery {
        kube_config_path: path,
    });
    join.discovery.tls_bootstrap_token = or_both(&flags.tls_bootstrap_token);
    let of_control_plane = [
        ("certificate-key", flags.certificate_key.is_some()),
        (
            "apiserver-advertise-address",
            flags.apiserver_advertise_address.is_some(),
        ),
        ("apiserver-bind-port", flags.apiserver_bind_port.is_some()),
    ];
    if flags.control_plane {
        join.control_plane = Some(ControlPlane {
            local_api_endpoint: ApiEndpoint {
                advertise_address: text(&flags.apiserver_advertise_address),
                bind_port: flags.apiserver_bind_port.unwrap_or_default(),
            },
            certificate_key: flags.certificate_key.clone().unwrap_or_default(),
        });
    } else if of_control_plane.iter().any(|(_, given)| *given) {
        let names: Vec<&str> = of_control_plane.iter().map(|(name, _)| *name).collect();
        diagnostics.warnings.push(Problem::new(
            "",
            format!(
                "[preflight] WARNING: --control-plane is also required when passing control-plane \
                 related flags such as [{}]",
                names.join(", ")
            ),
        ));
    }
    join.node_registration.cri_socket = text(&flags.cri_socket);
    join.patches = flags.patches.clone().map(|directory| Patches { directory });
    join
}

/// The document as it is written.
pub(super) fn decode(
    document: &Document,
    diagnostics: &mut Diagnostics,
) -> Option<JoinConfiguration> {
    if !known_version(document, diagnostics) {
        return None;
    }
    diagnostics
        .decode(document, &schema::JOIN, Some(&schema::JOIN_V1BETA3))
        .map(|(join, _)| join)
}

/// Fills in the defaults, those that depend on the node among them, and looks for what is wrong.
pub(super) fn complete(
    join: &mut JoinConfiguration,
    node: &NodeFacts,
    diagnostics: &mut Diagnostics,
) {
    defaults::registration(&mut join.node_registration);
    defaults::timeouts(&mut join.timeouts);
    if join.ca_cert_path.is_empty() {
        join.ca_cert_path = format!("{}/ca.crt", defaults::CERTIFICATES_DIR);
    }
    if join.discovery.tls_bootstrap_token.is_empty()
        && let Some(token) = &join.discovery.bootstrap_token
    {
        join.discovery.tls_bootstrap_token.clone_from(&token.token);
    }
    diagnostics.problems.extend(
        defaults::on_node(&mut join.node_registration, node, &mut diagnostics.warnings).err(),
    );
    diagnostics
        .problems
        .extend(rules::registration(&join.node_registration));
    if let Some(ControlPlane {
        local_api_endpoint: endpoint,
        certificate_key,
    }) = &mut join.control_plane
    {
        if endpoint.bind_port == 0 {
            endpoint.bind_port = defaults::BIND_PORT;
        }
        let path = "controlPlane.localAPIEndpoint";
        match defaults::advertise(
            endpoint,
            node,
            &format!("{path}.advertiseAddress"),
            &mut diagnostics.warnings,
        ) {
            Ok(()) => diagnostics.problems.extend(rules::endpoint(path, endpoint)),
            Err(problem) => diagnostics.problems.push(problem),
        }
        diagnostics.problems.extend(rules::certificate_key(
            "controlPlane.certificateKey",
            certificate_key,
        ));
    }
    discovery(&join.discovery, &mut diagnostics.problems);
    if !(join.ca_cert_path.starts_with('/') && join.ca_cert_path.ends_with(".crt")) {
        let message = "the ca certificate path must be an absolute path";
        diagnostics
            .problems
            .push(Problem::invalid("caCertPath", &join.ca_cert_path, message));
    }
}

fn discovery(discovery: &Discovery, problems: &mut Vec<Problem>) {
    match (&discovery.bootstrap_token, &discovery.file) {
        (None, None) => problems.push(Problem::invalid(
            "discovery",
            "",
            "bootstrapToken or file must be set",
        )),
        (Some(_), Some(_)) => problems.push(Problem::invalid(
            "discovery",
            "",
            "bootstrapToken and file cannot both be set",
        )),
        _ => {}
    }
    let tls = &discovery.tls_bootstrap_token;
    let wrong = !bootstrap_token::is_token(tls);
    let tls_problem = || invalid_token("discovery.tlsBootstrapToken");
    if let Some(token) = &discovery.bootstrap_token {
        token_discovery(token, problems);
        problems.extend(wrong.then(tls_problem));
    }
    if let Some(file) = &discovery.file {
        problems.extend(file_discovery(&file.kube_config_path));
        problems.extend((wrong && !tls.is_empty()).then(tls_problem));
    }
}

/// What is said of a token of another form. The token itself is not: it is a secret, though a wrong
/// one.
fn invalid_token(path: &str) -> Problem {
    Problem::new(path, "Invalid value: the bootstrap token is invalid")
}

fn token_discovery(token: &TokenDiscovery, problems: &mut Vec<Problem>) {
    let path = "discovery.bootstrapToken";
    let endpoint = token.api_server_endpoint.as_str();
    if endpoint.is_empty() {
        problems.push(Problem::new(
            path,
            "Required value: APIServerEndpoint is not set",
        ));
    } else if let Err(message) = host_and_port(endpoint) {
        problems.push(Problem::invalid(
            format!("{path}.apiServerEndpoint"),
            endpoint,
            message,
        ));
    }
    if token.ca_cert_hashes.is_empty() && !token.unsafe_skip_ca_verification {
        problems.push(Problem::invalid(
            format!("{path}.caCertHashes"),
            "",
            "using token-based \
            discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in \
            your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to \
            continue",
        ));
    }
    for hash in &token.ca_cert_hashes {
        if let Err(message) = parse_ca_hash(hash) {
            problems.push(Problem::invalid(
                format!("{path}.caCertHashes"),
                hash,
                message,
            ));
        }
    }
    if !bootstrap_token::is_token(&token.token) {
        problems.push(invalid_token(&format!("{path}.token")));
    }
}

fn host_and_port(text: &str) -> Result<(), String> {
    if !text.starts_with('[') && text.matches(':').count() > 1 {
        return Err(format!("address {text}: too many colons in address"));
    }
    let (_, port) = crate::render::split_host_port(text);
    port.map(drop)
        .ok_or_else(|| format!("address {text}: missing port in address"))
}

/// The digest of `sha256:` and 64 hexadecimal digits, in lower case.
///
/// # Errors
/// What it is instead.
pub fn parse_ca_hash(text: &str) -> Result<String, String> {
    let (format, digits) = text
        .split_once(':')
        .ok_or("invalid hash, expected \"format:hex-value\". Known format(s) are: sha256")?;
    if !format.eq_ignore_ascii_case("sha256") {
        return Err(format!(
            "unknown hash format {format:?}. Known format(s) are: sha256"
        ));
    }
    let bytes = HEXLOWER_PERMISSIVE
        .decode(digits.as_bytes())
        .map_err(|error| format!("could not decode SHA-256 hash from {digits:?}: {error}"))?;
    if bytes.len() == 32 {
        Ok(digits.to_lowercase())
    } else {
        Err(format!(
            "expected a 32 byte SHA-256 hash, found {} bytes",
            bytes.len()
        ))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the discovery file is the operator's, not the node's"
)]
fn file_discovery(path: &str) -> Option<Problem> {
    let field = "discovery.file.kubeConfigPath";
    match path.split_once("://") {
        Some(("https", _)) => None,
        Some(("file", file)) if Path::new(file).exists() => None,
        Some((scheme, _)) if scheme != "file" => Some(Problem::invalid(
            field,
            without_user_info(path),
            "if a URL is used, the scheme must be https",
        )),
        None if !path.is_empty() && Path::new(path).exists() => None,
        _ => Some(Problem::invalid(
            field,
            without_user_info(path),
            "not a valid HTTPS URL or a file on disk",
        )),
    }
}
