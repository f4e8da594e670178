//! Checks of the settings by which a node finds its cluster.
use super::{Discovery, TokenDiscovery};
use crate::{
    config::{Problem, validate::invalid_token},
    secret::bootstrap_token,
};
use data_encoding::HEXLOWER_PERMISSIVE;
use kubephase_sdk::{
    net::{Url, split_host_port},
    node::without_user_info,
};
use std::io;

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

fn check_token_discovery(token: &TokenDiscovery, problems: &mut Vec<Problem>) {
    let path = "discovery.bootstrapToken";
    let endpoint = token.api_server_endpoint.as_str();
    if endpoint.is_empty() {
        problems.push(Problem::new(
            path,
            "Required value: APIServerEndpoint is not set",
        ));
    } else if let Err(why) = split_host_port(endpoint) {
        problems.push(Problem::invalid(
            format!("{path}.apiServerEndpoint"),
            endpoint,
            format!("address {endpoint}: {why}"),
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
    if !bootstrap_token::is_token(&token.token) {
        problems.push(invalid_token(format!("{path}.token")));
    }
}

/// Parses the hash of an authority's public key: `sha256:` and 64 hexadecimal digits. Returns the
/// digits in lower case. Hashes are read when the cluster is found, and not before (kubeadm
/// behaviour).
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
    let is_missing =
        || std::fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let why = match Url::parse(path) {
        Ok(url) if url.scheme() == "https" => return None,
        Ok(url) if !url.scheme().is_empty() => "if a URL is used, the scheme must be https",
        Ok(_) if !is_missing() => return None,
        _ => "not a valid HTTPS URL or a file on disk",
    };
    let field = "discovery.file.kubeConfigPath";
    Some(Problem::invalid(field, without_user_info(path), why))
}
