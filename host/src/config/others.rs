//! `config validate`: every kind of document that kubeadm knows, strictly, and ours.
use super::{
    Document, InitFlags, Problem, Problems,
    component::{Kind, kubeadm_schema as schema},
    defaults, documents,
    load::{GROUP, from_documents, placed},
    phases,
    read::{Findings, Strictness, known_version},
    validate as rules,
};
use crate::world::node::facts::NodeFacts;
use data_encoding::HEXLOWER_PERMISSIVE;
use kubephase_sdk::kubeadm::{ApiEndpoint, NodeRegistration};
use serde_json::Value;
use std::path::Path;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValidateOptions {
    /// a deprecated version of the API is no reason for a warning
    pub allow_deprecated_api: bool,
}

const UNMOUNT_FLAGS: &[&str] = &["MNT_FORCE", "MNT_DETACH", "MNT_EXPIRE", "UMOUNT_NOFOLLOW"];

/// Checks a file; the warnings where nothing is wrong.
///
/// # Errors
/// Everything that is wrong.
pub fn validate(file: Option<&Path>, options: ValidateOptions, node: &NodeFacts) -> Result<Vec<Problem>, Problems> {
    let file = file.ok_or_else(|| Problem::new("", "the --config flag is mandatory"))?;
    let documents = documents::read(file)?;
    let mut findings = Findings::new(Strictness::Strict);
    let mut rest = Vec::new();
    let unknown: Vec<&Document> = documents.iter().filter(|document| !known(document)).collect();
    for document in &unknown {
        findings.problems.push(document.problem("apiVersion", format!("unknown configuration APIs: [{}]", document.gvk())));
    }
    for document in &documents {
        match (document.group(), document.kind.as_str()) {
            (GROUP, "JoinConfiguration") => join(document, node, &mut findings),
            (GROUP, "ResetConfiguration") => reset(document, node, &mut findings),
            (GROUP, "UpgradeConfiguration") => upgrade(document, &mut findings),
            _ => rest.push(document),
        }
    }
    let nothing_to_run = !rest
        .iter()
        .any(|document| document.group() == GROUP && matches!(document.kind.as_str(), "InitConfiguration" | "ClusterConfiguration"));
    let others = documents.len() > rest.len();
    if !documents.is_empty() && unknown.is_empty() && !(nothing_to_run && others) {
        // Kinds of other commands are nothing to `init`, and were looked at above.
        match from_documents(Some(file), &documents, &InitFlags::default(), node, Findings::new(Strictness::Strict)) {
            Ok(loaded) => findings
                .warnings
                .extend(loaded.warnings.into_iter().filter(|warning| !warning.message.contains("Ignored configuration document"))),
            Err(Problems(problems)) => findings.problems.extend(problems),
        }
    }
    if !findings.problems.is_empty() {
        return Err(Problems(findings.problems.into_iter().map(|problem| placed(problem, &documents)).collect()));
    }
    findings.warnings.retain(|warning| !(options.allow_deprecated_api && warning.message.contains("deprecated API spec")));
    Ok(findings.warnings.into_iter().map(|warning| placed(warning, &documents)).collect())
}

fn known(document: &Document) -> bool {
    const KUBEADM: &[&str] =
        &["InitConfiguration", "ClusterConfiguration", "JoinConfiguration", "ResetConfiguration", "UpgradeConfiguration"];
    match document.group() {
        // Old versions have a message of their own.
        GROUP => KUBEADM.contains(&document.kind.as_str()),
        _ if document.kind == phases::KIND => true,
        _ => [Kind::Kubelet, Kind::KubeProxy].iter().any(|kind| document.api_version == kind.api_version() && document.kind == kind.kind()),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn join(document: &Document, node: &NodeFacts, findings: &mut Findings) {
    if !known_version(document, findings) {
        return;
    }
    let old = document.version() == "v1beta3";
    let Some(value) = findings.checked(document, if old { &schema::JOIN_V1BETA3 } else { &schema::JOIN }) else { return };
    let mut registration: NodeRegistration = if old {
        NodeRegistration { name: text(&value, "/nodeRegistration/name").into(), ..NodeRegistration::default() }
    } else {
        serde_json::from_value(value["nodeRegistration"].clone()).unwrap_or_default()
    };
    defaults::registration(&mut registration);
    findings.problems.extend(defaults::on_node(&mut registration, node, &mut findings.warnings).err());
    findings.problems.extend(rules::registration(&registration));
    if let Some(control_plane) = value.get("controlPlane").filter(|given| given.is_object()) {
        let mut endpoint: ApiEndpoint = serde_json::from_value(control_plane["localAPIEndpoint"].clone()).unwrap_or_default();
        if endpoint.bind_port == 0 {
            endpoint.bind_port = defaults::BIND_PORT;
        }
        let path = "controlPlane.localAPIEndpoint";
        match defaults::advertise(&mut endpoint, node, &format!("{path}.advertiseAddress"), &mut findings.warnings) {
            Ok(()) => findings.problems.extend(rules::endpoint(path, &endpoint)),
            Err(problem) => findings.problems.push(problem),
        }
        findings.problems.extend(rules::certificate_key("controlPlane.certificateKey", text(control_plane, "/certificateKey")));
    }
    discovery(&value["discovery"], &mut findings.problems);
    let ca = text(&value, "/caCertPath");
    if !(ca.is_empty() || ca.starts_with('/') && ca.ends_with(".crt")) {
        findings.problems.push(Problem::invalid("caCertPath", ca, "the ca certificate path must be an absolute path"));
    }
}

fn discovery(discovery: &Value, problems: &mut Vec<Problem>) {
    let (token, file) =
        (discovery.get("bootstrapToken").filter(|token| token.is_object()), discovery.get("file").filter(|file| file.is_object()));
    match (token, file) {
        (None, None) => problems.push(Problem::invalid("discovery", "", "bootstrapToken or file must be set")),
        (Some(_), Some(_)) => problems.push(Problem::invalid("discovery", "", "bootstrapToken and file cannot both be set")),
        _ => {}
    }
    let tls = text(discovery, "/tlsBootstrapToken");
    let token_of_both = if tls.is_empty() { token.map(|token| text(token, "/token")).unwrap_or_default() } else { tls };
    let wrong = |path: &str, token: &str| Problem::invalid(path, token, "the bootstrap token is invalid");
    if let Some(token) = token {
        token_discovery(token, problems);
        if !crate::effect::token::is_token(token_of_both) {
            problems.push(wrong("discovery.tlsBootstrapToken", token_of_both));
        }
    }
    if let Some(file) = file {
        problems.extend(file_discovery(text(file, "/kubeConfigPath")));
        if !tls.is_empty() && !crate::effect::token::is_token(tls) {
            problems.push(wrong("discovery.tlsBootstrapToken", tls));
        }
    }
}

fn token_discovery(token: &Value, problems: &mut Vec<Problem>) {
    let path = "discovery.bootstrapToken";
    let endpoint = text(token, "/apiServerEndpoint");
    if endpoint.is_empty() {
        problems.push(Problem::new(path, "Required value: APIServerEndpoint is not set"));
    } else if let Err(message) = host_and_port(endpoint) {
        problems.push(Problem::invalid(format!("{path}.apiServerEndpoint"), endpoint, message));
    }
    let hashes: Vec<&str> = token["caCertHashes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if hashes.is_empty() && token["unsafeSkipCAVerification"] != true {
        problems.push(Problem::invalid(format!("{path}.caCertHashes"), "", "using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue"));
    }
    for hash in hashes {
        if let Err(message) = pin(hash) {
            problems.push(Problem::invalid(format!("{path}.caCertHashes"), hash, message));
        }
    }
    if !crate::effect::token::is_token(text(token, "/token")) {
        problems.push(Problem::invalid(format!("{path}.token"), text(token, "/token"), "the bootstrap token is invalid"));
    }
}

fn host_and_port(text: &str) -> Result<(), String> {
    if !text.starts_with('[') && text.matches(':').count() > 1 {
        return Err(format!("address {text}: too many colons in address"));
    }
    let (_, port) = crate::render::split_host_port(text);
    port.map(drop).ok_or_else(|| format!("address {text}: missing port in address"))
}

/// `sha256:` and 64 hexadecimal digits.
fn pin(text: &str) -> Result<(), String> {
    let (format, digits) = text.split_once(':').ok_or("invalid hash, expected \"format:hex-value\". Known format(s) are: sha256")?;
    if !format.eq_ignore_ascii_case("sha256") {
        return Err(format!("unknown hash format {format:?}. Known format(s) are: sha256"));
    }
    let bytes =
        HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|error| format!("could not decode SHA-256 hash from {digits:?}: {error}"))?;
    if bytes.len() == 32 { Ok(()) } else { Err(format!("expected a 32 byte SHA-256 hash, found {} bytes", bytes.len())) }
}

#[allow(clippy::disallowed_methods, reason = "the discovery file is the operator's, not the node's")]
fn file_discovery(path: &str) -> Option<Problem> {
    let field = "discovery.file.kubeConfigPath";
    match path.split_once("://") {
        Some(("https", _)) => None,
        Some(("file", file)) if Path::new(file).exists() => None,
        Some((scheme, _)) if scheme != "file" => Some(Problem::invalid(field, path, "if a URL is used, the scheme must be https")),
        None if !path.is_empty() && Path::new(path).exists() => None,
        _ => Some(Problem::invalid(field, path, "not a valid HTTPS URL or a file on disk")),
    }
}

fn reset(document: &Document, node: &NodeFacts, findings: &mut Findings) {
    if !known_version(document, findings) {
        return;
    }
    let Some(value) = findings.checked(document, &schema::RESET) else { return };
    let mut registration =
        NodeRegistration { cri_socket: text(&value, "/criSocket").into(), name: "node".into(), ..NodeRegistration::default() };
    findings.problems.extend(defaults::on_node(&mut registration, node, &mut findings.warnings).err());
    let directory = text(&value, "/certificatesDir");
    rules::absolute(&mut findings.problems, "certificatesDir", if directory.is_empty() { defaults::CERTIFICATES_DIR } else { directory });
    for (at, flag) in value["unmountFlags"].as_array().into_iter().flatten().filter_map(Value::as_str).enumerate() {
        if !UNMOUNT_FLAGS.contains(&flag) {
            findings.problems.push(Problem::invalid("unmountFlags", format!("index {at}"), format!("unknown unmount flag {flag}")));
        }
    }
}

fn upgrade(document: &Document, findings: &mut Findings) {
    if !known_version(document, findings) {
        return;
    }
    let Some(value) = findings.checked(document, &schema::UPGRADE) else { return };
    for command in ["apply", "node"] {
        let directory = text(&value, &format!("/{command}/patches/directory"));
        if !directory.is_empty() {
            rules::absolute(&mut findings.problems, &format!("{command}.patches.directory"), directory);
        }
        findings
            .problems
            .extend(rules::pull_policy(&format!("{command}.imagePullPolicy"), text(&value, &format!("/{command}/imagePullPolicy"))));
    }
}
