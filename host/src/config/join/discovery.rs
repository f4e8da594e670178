//! Checks of the settings by which a node finds its cluster.
use super::{Discovery, TokenDiscovery};
use crate::{config::Problem, render, secret::bootstrap_token};
use data_encoding::HEXLOWER_PERMISSIVE;
use kubephase_sdk::node::without_user_info;
use std::path::Path;

/// The field of the token with which the kubelet requests its certificate.
const TLS_TOKEN: &str = "discovery.tlsBootstrapToken";

/// Checks discovery by token and by file.
pub(super) fn check_discovery(discovery: &Discovery, problems: &mut Vec<Problem>) {
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
    if let Some(token) = &discovery.bootstrap_token {
        check_token_discovery(token, problems);
        problems.extend(wrong.then(|| invalid_token(TLS_TOKEN)));
    }
    if let Some(file) = &discovery.file {
        problems.extend(check_file_discovery(&file.kube_config_path));
        problems.extend((wrong && !tls.is_empty()).then(|| invalid_token(TLS_TOKEN)));
    }
}

/// Returns the problem of a malformed token. It does not quote the token, which may be most of a
/// secret.
fn invalid_token(path: &str) -> Problem {
    Problem::new(path, "Invalid value: the bootstrap token is invalid")
}

fn check_token_discovery(token: &TokenDiscovery, problems: &mut Vec<Problem>) {
    let path = "discovery.bootstrapToken";
    let endpoint = token.api_server_endpoint.as_str();
    if endpoint.is_empty() {
        problems.push(Problem::new(
            path,
            "Required value: APIServerEndpoint is not set",
        ));
    } else if let Err(message) = check_host_and_port(endpoint) {
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

/// Checks an address of the form `HOST:PORT`.
fn check_host_and_port(text: &str) -> Result<(), String> {
    if !text.starts_with('[') && text.matches(':').count() > 1 {
        return Err(format!("address {text}: too many colons in address"));
    }
    match render::split_host_port(text) {
        (_, None) => Err(format!("address {text}: missing port in address")),
        (_, Some(port)) if !matches!(port.parse::<u16>(), Ok(1..)) => Err(format!(
            "address {text}: port {port} must be a valid number between 1 and 65535, inclusive"
        )),
        _ => Ok(()),
    }
}

/// Parses the hash of an authority's public key: `sha256:` and 64 hexadecimal digits. Returns the
/// digits in lower case.
///
/// # Errors
/// The text has another form. The messages are kubeadm's.
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
fn check_file_discovery(path: &str) -> Option<Problem> {
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
