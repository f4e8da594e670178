//! From files, flags and facts to a resolved configuration.
#![allow(clippy::disallowed_methods, reason = "patches are the operator's files, not the node's")]
use super::{
    Document, InitFlags, PhaseConfiguration, Problem, Problems,
    component::{self, Kind, Struct, kubeadm_schema as schema},
    defaults, documents, phases, v1beta3, validate,
};
use crate::{render, world::node::facts::NodeFacts};
use kubephase_sdk::kubeadm::{ClusterConfiguration, Config, EnvVar, InitConfiguration, Patches};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

pub(super) const GROUP: &str = "kubeadm.k8s.io";

/// A configuration that can be run.
#[derive(Debug)]
pub struct Loaded {
    /// with its secrets
    pub config: Config,
    pub phases: PhaseConfiguration,
    pub warnings: Vec<Problem>,
    /// the first bootstrap token was given, and not made up
    pub token_given: bool,
}

/// How strictly documents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// unknown and repeated fields are warnings (`init`)
    Lenient,
    /// they are problems (`config validate`)
    Strict,
}

/// Problems and warnings as they are found.
pub(super) struct Findings {
    pub strictness: Strictness,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

impl Findings {
    pub fn new(strictness: Strictness) -> Self {
        Findings { strictness, problems: Vec::new(), warnings: Vec::new() }
    }

    fn minor(&mut self, problem: Problem) {
        match self.strictness {
            Strictness::Lenient => self.warnings.push(problem),
            Strictness::Strict => self.problems.push(problem),
        }
    }

    /// Reads a document against its schema; none where it cannot be used.
    pub fn decode<T: DeserializeOwned>(
        &mut self,
        document: &Document,
        current: &'static Struct,
        old: Option<&'static Struct>,
    ) -> Option<(T, Option<Value>)> {
        let mut value = self.checked(document, if document.version() == "v1beta3" { old? } else { current })?;
        let mut timeout = None;
        if document.version() == "v1beta3" {
            timeout = v1beta3::convert(&mut value);
        }
        let algorithm = self.algorithm(document, &mut value);
        drop_nulls(&mut value);
        match serde_json::from_value(value) {
            Ok(decoded) if algorithm => Some((decoded, timeout)),
            Ok(_) => None,
            Err(error) => {
                self.problems.push(document.problem("", format!("{}: {error}", document.kind)));
                None
            }
        }
    }

    /// The algorithm is an enumeration here and a string there: another one is a problem of validation.
    fn algorithm(&mut self, document: &Document, value: &mut Value) -> bool {
        const KNOWN: [&str; 5] = ["ECDSA-P256", "ECDSA-P384", "RSA-2048", "RSA-3072", "RSA-4096"];
        let path = "encryptionAlgorithm";
        match value.get(path).and_then(Value::as_str).map(str::to_owned) {
            Some(given) if !KNOWN.contains(&given.as_str()) => {
                if !given.is_empty() {
                    let message =
                        format!("Invalid value: {given:?}: Invalid encryption algorithm {given:?}. Must be one of [{}]", KNOWN.join(" "));
                    self.problems.push(document.problem(path, message));
                }
                // What else is wrong can still be told.
                value.as_object_mut().map(|document| document.remove(path));
                true
            }
            _ => true,
        }
    }

    /// The document as JSON, if its types are right.
    pub fn checked(&mut self, document: &Document, schema: &'static Struct) -> Option<Value> {
        for (path, key) in document.tree.repeated() {
            let message = format!("strict decoding error: key {:?} already set in map", key.name);
            self.minor(document.placed(Problem::new(path, message), key.line, key.column));
        }
        let value = document.tree.value();
        let before = self.problems.len();
        for error in component::against(schema, &value) {
            if error.unknown {
                self.minor(document.problem(&error.path, format!("strict decoding error: {}", error.message)));
            } else {
                self.problems.push(document.problem(&error.path, error.message));
            }
        }
        let broken = self.problems[before..].iter().any(|problem| !problem.message.starts_with("strict decoding error: unknown field"));
        (!broken).then_some(value)
    }
}

/// Go takes null for what is not there.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Whether this version of kubeadm's API is read; a problem or warning where it is not, or not for long.
pub(super) fn known_version(document: &Document, findings: &mut Findings) -> bool {
    let advice = "'kubeadm config migrate --old-config old-config-file --new-config new-config-file', which will write the new, similar spec using a newer API version.";
    let (api, kind) = (&document.api_version, &document.kind);
    match document.version() {
        "v1beta4" => true,
        "v1beta3" => {
            let message = format!("your configuration file uses a deprecated API spec: {api:?} (kind: {kind:?}). Please use {advice}");
            findings.warnings.push(document.problem("apiVersion", message));
            true
        }
        old @ ("v1alpha1" | "v1alpha2" | "v1alpha3" | "v1beta1" | "v1beta2") => {
            let release = BTreeMap::from([
                ("v1alpha1", "v1.11"),
                ("v1alpha2", "v1.12"),
                ("v1alpha3", "v1.14"),
                ("v1beta1", "v1.15"),
                ("v1beta2", "v1.22"),
            ])[old];
            let message = format!(
                "your configuration file uses an old API spec: {api:?} (kind: {kind:?}). Please use kubeadm {release} instead and run {advice}"
            );
            findings.problems.push(document.problem("apiVersion", message));
            false
        }
        _ => {
            findings.problems.push(
                document
                    .problem("apiVersion", format!("no kind {kind:?} is registered for version {api:?}; known are v1beta4 and v1beta3")),
            );
            false
        }
    }
}

/// Reads, defaults and validates what `init` runs on.
///
/// # Errors
/// Every problem there is, as far as reading came.
pub fn load_init(file: Option<&Path>, flags: &InitFlags, node: &NodeFacts) -> Result<Loaded, Problems> {
    resolve(file, flags, node, Strictness::Lenient)
}

pub(super) fn resolve(file: Option<&Path>, flags: &InitFlags, node: &NodeFacts, strictness: Strictness) -> Result<Loaded, Problems> {
    let mixed = flags.not_with_config();
    if file.is_some() && !mixed.is_empty() {
        return Err(Problem::new("", format!("can not mix '--config' with arguments [{}]", mixed.join(" "))).into());
    }
    let documents = file.map(documents::read).transpose()?.unwrap_or_default();
    from_documents(file, &documents, flags, node, Findings::new(strictness))
}

pub(super) fn from_documents(
    file: Option<&Path>,
    documents: &[Document],
    flags: &InitFlags,
    node: &NodeFacts,
    mut findings: Findings,
) -> Result<Loaded, Problems> {
    let mut config = Config::default();
    let mut phases = PhaseConfiguration::default();
    let (mut kubelet, mut kube_proxy, mut found, mut timeout) = (None, None, false, None);
    for document in documents {
        match (document.group(), document.kind.as_str()) {
            (GROUP, "InitConfiguration") if known_version(document, &mut findings) => {
                found = true;
                config.init =
                    findings.decode(document, &schema::INIT, Some(&schema::INIT_V1BETA3)).map(|(init, _)| init).unwrap_or_default();
            }
            (GROUP, "ClusterConfiguration") if known_version(document, &mut findings) => {
                found = true;
                let decoded: Option<(ClusterConfiguration, _)> =
                    findings.decode(document, &schema::CLUSTER, Some(&schema::CLUSTER_V1BETA3));
                (config.cluster, timeout) = decoded.unwrap_or_default();
            }
            // Told of by `known_version`.
            (GROUP, "InitConfiguration" | "ClusterConfiguration") => found = true,
            (_, "KubeletConfiguration") => kubelet = component_document(document, Kind::Kubelet, &mut findings),
            (_, "KubeProxyConfiguration") => kube_proxy = component_document(document, Kind::KubeProxy, &mut findings),
            (_, phases::KIND) => match phases::read(document) {
                Ok(read) => phases = read,
                Err(problem) => findings.problems.push(problem),
            },
            _ => findings.warnings.push(
                document
                    .problem("kind", format!("[config] WARNING: Ignored configuration document with GroupVersionKind {}", document.gvk())),
            ),
        }
    }
    if let Some(file) = file
        && !found
    {
        let message = "no InitConfiguration or ClusterConfiguration kind was found in the configuration file";
        findings.problems.push(Problem { file: Some(file.to_owned()), ..Problem::new("", message) });
    }
    if !findings.problems.is_empty() {
        return Err(Problems(findings.problems));
    }
    let raw_name = overridden(&mut config, flags, file.is_some(), &mut findings.problems);
    let token_given = config.init.bootstrap_tokens.first().is_some_and(|token| !token.token.is_empty());
    if let Some(timeout) = timeout.and_then(|timeout| timeout.as_str()?.parse().ok()) {
        config.init.timeouts.get_or_insert_default().control_plane_component_health_check = Some(timeout);
    }
    dynamic(&mut config, node, &mut findings);
    findings.problems.extend(validate::config(&config));
    findings.warnings.extend(validate::periods(&config.cluster));
    let mut ignored: BTreeSet<String> =
        config.init.node_registration.ignore_preflight_errors.iter().map(|name| name.to_lowercase()).collect();
    ignored.extend(flags.ignore_preflight_errors.iter().map(|name| name.to_lowercase()));
    if ignored.contains("all") && ignored.len() > 1 && findings.strictness == Strictness::Lenient {
        let shown = ignored.iter().cloned().collect::<Vec<_>>().join(",");
        findings.problems.push(Problem::invalid("ignore-preflight-errors", shown, "don't specify individual checks if 'all' is used"));
    }
    config.init.node_registration.ignore_preflight_errors = ignored.into_iter().collect();
    if !findings.problems.is_empty() {
        return Err(Problems(findings.problems.into_iter().map(|problem| placed(problem, documents)).collect()));
    }
    // kubeadm validates the name in lower case and then takes the flag as it was given.
    if let Some(name) = raw_name {
        config.init.node_registration.name = name;
    }
    let (kubelet, said) = component::kubelet(kubelet, &config.init, &config.cluster);
    let (kube_proxy, also_said) = component::kube_proxy(kube_proxy, &config.init, &config.cluster);
    findings.warnings.extend(said.into_iter().chain(also_said).map(|warning| Problem::new("", warning)));
    config.kubelet = kubelet;
    config.kube_proxy = kube_proxy;
    let warnings = findings.warnings.into_iter().map(|warning| placed(warning, documents)).collect();
    Ok(Loaded { config, phases, warnings, token_given })
}

/// A component's document, if it is of the version that is read and its types are right.
fn component_document(document: &Document, kind: Kind, findings: &mut Findings) -> Option<Value> {
    if document.api_version != kind.api_version() {
        let message = format!(
            "unsupported apiVersion {:?}, you may have to do manual conversion to {:?} and run kubeadm again",
            document.api_version,
            kind.api_version()
        );
        findings.problems.push(document.problem("apiVersion", message));
        return None;
    }
    findings.checked(document, kind.schema())
}

/// Takes over the flags; the node's name as it was given, where it was.
fn overridden(config: &mut Config, flags: &InitFlags, from_file: bool, problems: &mut Vec<Problem>) -> Option<String> {
    let set = |field: &mut String, flag: &Option<String>| {
        if let Some(value) = flag {
            field.clone_from(value);
        }
    };
    let Config { init, cluster, run, .. } = config;
    set(&mut init.local_api_endpoint.advertise_address, &flags.apiserver_advertise_address);
    init.local_api_endpoint.bind_port = flags.apiserver_bind_port.unwrap_or(init.local_api_endpoint.bind_port);
    set(&mut init.certificate_key, &flags.certificate_key);
    set(&mut init.node_registration.cri_socket, &flags.cri_socket);
    set(&mut cluster.control_plane_endpoint, &flags.control_plane_endpoint);
    set(&mut cluster.image_repository, &flags.image_repository);
    set(&mut cluster.kubernetes_version, &flags.kubernetes_version);
    set(&mut cluster.networking.pod_subnet, &flags.pod_network_cidr);
    set(&mut cluster.networking.service_subnet, &flags.service_cidr);
    set(&mut cluster.networking.dns_domain, &flags.service_dns_domain);
    cluster.api_server.cert_sans.extend(flags.apiserver_cert_extra_sans.iter().cloned());
    if let Some(directory) = &flags.cert_dir {
        cluster.certificates_dir = render::join(directory, "");
    }
    if let Some(directory) = &flags.patches {
        init.patches = Some(Patches { directory: directory.clone() });
    }
    match flags.feature_gates.as_deref().map(validate::feature_gates) {
        Some(Ok(gates)) => cluster.feature_gates.extend(gates),
        Some(Err(message)) => problems.push(Problem::new("--feature-gates", message)),
        None => {}
    }
    if !from_file {
        let mut token = kubephase_sdk::kubeadm::BootstrapToken {
            description: "The default bootstrap token generated by 'kubeadm init'.".into(),
            ttl: flags.token_ttl,
            ..Default::default()
        };
        set(&mut token.token, &flags.token);
        if !token.token.is_empty() && !crate::effect::token::is_token(&token.token) {
            problems.push(Problem::new("--token", r#"the bootstrap token was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z""#));
            token.token.clear();
        }
        init.bootstrap_tokens = vec![token];
    }
    if !flags.skip_phases.is_empty() {
        init.skip_phases.clone_from(&flags.skip_phases);
    }
    run.upload_certs = flags.upload_certs;
    run.skip_token_print = flags.skip_token_print;
    run.skip_certificate_key_print = flags.skip_certificate_key_print;
    if !from_file {
        set(&mut init.node_registration.name, &flags.node_name);
    }
    flags.node_name.clone()
}

/// Defaults, those that depend on the node among them.
fn dynamic(config: &mut Config, node: &NodeFacts, findings: &mut Findings) {
    defaults::init(&mut config.init);
    defaults::cluster(&mut config.cluster);
    let warnings = &mut findings.warnings;
    let outcomes = [
        defaults::on_node(&mut config.init.node_registration, node, warnings),
        defaults::advertise(&mut config.init.local_api_endpoint, node, "localAPIEndpoint.advertiseAddress", warnings),
    ];
    findings.problems.extend(outcomes.into_iter().filter_map(Result::err));
    defaults::taints(&mut config.init);
    for token in &mut config.init.bootstrap_tokens {
        if token.token.is_empty() {
            token.token = crate::effect::token::random_token();
        }
    }
    defaults::resolve(config, &mut findings.problems, &mut findings.warnings);
    addons(config);
    let control_plane_url = render::kubeconfig::control_plane_url(config).map(|(url, _)| url).unwrap_or_default();
    let run = &mut config.run;
    run.control_plane_url = control_plane_url;
    run.workflow = "init".into();
    run.kubeconfig_dir = defaults::KUBECONFIG_DIR.into();
    run.kubeconfig = format!("{}/admin.conf", defaults::KUBECONFIG_DIR);
    run.os_hostname.clone_from(&node.hostname);
    run.systemd_resolved = node.systemd_resolved_active;
    run.ca_directories.clone_from(&node.ca_directories);
    let proxies = node.environment.iter().filter(|(name, value)| name.to_lowercase().ends_with("_proxy") && !value.is_empty());
    run.proxy_environment = proxies.map(|(name, value)| EnvVar { name: name.clone(), value: value.clone(), value_from: None }).collect();
    run.dns_service_address = defaults::dns_address(&config.cluster).unwrap_or_default();
    let images = [("coredns", render::images::coredns(&config.cluster)), ("kube-proxy", render::images::kubernetes(config, "kube-proxy"))];
    config.run.images = images.map(|(name, image)| (name.to_owned(), image)).into();
}

/// An addon that is skipped by name is disabled in what the cluster keeps.
fn addons(config: &mut Config) {
    let skipped = |name: &str| config.init.skip_phases.iter().any(|phase| phase == name);
    let (all, dns, proxy) = (skipped("addon"), skipped("addon/coredns"), skipped("addon/kube-proxy"));
    config.cluster.dns.disabled |= all || dns;
    config.cluster.proxy.disabled |= all || proxy;
}

/// A problem at the place of its field, in whichever document has most of the path.
pub(super) fn placed(problem: Problem, documents: &[Document]) -> Problem {
    if problem.line.is_some() || problem.path.is_empty() {
        return problem;
    }
    // kubeadm writes elements of lists as `tokens.0.ttl`; so does the tree.
    let found = documents.iter().map(|document| (document, document.tree.find(&problem.path))).max_by_key(|(_, (_, _, depth))| *depth);
    match found {
        Some((document, (line, column, depth))) if depth > 0 => document.placed(problem, line, column),
        Some((document, _)) => Problem { file: Some(document.file.clone()), ..problem },
        None => problem,
    }
}

/// Every file below a directory of patches, with its path from there.
///
/// # Errors
/// Where the directory or a file cannot be read.
pub fn patch_files(directory: &str) -> Result<Vec<(String, Vec<u8>)>, Problems> {
    fn walk(root: &Path, below: &Path, found: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
        for entry in std::fs::read_dir(root.join(below))? {
            let path = below.join(entry?.file_name());
            if root.join(&path).is_dir() {
                walk(root, &path, found)?;
            } else {
                found.push((path.to_string_lossy().into_owned(), std::fs::read(root.join(&path))?));
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    let failed =
        |error: std::io::Error| Problem::new("patches.directory", format!("could not list patch files for path {directory:?}: {error}"));
    walk(Path::new(directory), Path::new(""), &mut found).map_err(failed)?;
    Ok(found)
}

/// The default documents as `init` would have them, for printing.
pub(super) fn init_and_cluster() -> (InitConfiguration, ClusterConfiguration) {
    let (mut init, mut cluster) = (InitConfiguration::default(), ClusterConfiguration::default());
    defaults::init(&mut init);
    defaults::cluster(&mut cluster);
    (init, cluster)
}
