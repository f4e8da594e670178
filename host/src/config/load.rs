//! From files, flags and facts to a resolved configuration.
use super::{
    BootstrapToken, Config, ConfigFile, Document, InitFlags, PhaseConfiguration, Problem, Problems,
    component::{self, ComponentKind, kubeadm_schema as schema},
    defaults::{self, SERVICE_SUBNET},
    flags::unmixed,
    phases,
    read::{Diagnostics, Strictness, known_version},
    validate,
};
use crate::{
    render,
    secret::{Secret, bootstrap_token},
    world::node::facts::NodeFacts,
};
use kubephase_sdk::{
    kubeadm::{self, ClusterConfiguration, EnvVar, Patches},
    node::is_proxy,
};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

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
    /// nothing is to be changed: by the flag or the field; phases do not get to know
    pub dry_run: bool,
}

/// The subnets of Services that a configuration file names, or the default. The file need not be
/// complete.
///
/// # Errors
/// Where the file cannot be read.
pub fn service_subnets(file: &ConfigFile) -> Result<String, Problems> {
    let documents = file.documents()?;
    let cluster = documents
        .iter()
        .find(|document| document.kind == "ClusterConfiguration");
    let value = cluster.map(|document| document.tree.value());
    let subnets = value.as_ref().and_then(|cluster| {
        let subnets = cluster.pointer("/networking/serviceSubnet")?.as_str()?;
        (!subnets.is_empty()).then(|| subnets.to_owned())
    });
    Ok(subnets.unwrap_or_else(|| SERVICE_SUBNET.to_owned()))
}

/// Reads, defaults and validates what `init` runs on.
///
/// # Errors
/// Every problem there is, as far as reading came.
pub fn load_init(
    file: Option<&ConfigFile>,
    flags: &InitFlags,
    node: &NodeFacts,
) -> Result<Loaded, Problems> {
    resolve(file, flags, node, Strictness::Lenient)
}

pub(super) fn resolve(
    file: Option<&ConfigFile>,
    flags: &InitFlags,
    node: &NodeFacts,
    strictness: Strictness,
) -> Result<Loaded, Problems> {
    unmixed(file, &flags.not_with_config())?;
    let documents = file
        .map(ConfigFile::documents)
        .transpose()?
        .unwrap_or_default();
    from_documents(
        file.map(ConfigFile::path),
        documents,
        flags,
        node,
        Diagnostics::new(strictness),
    )
}

pub(super) fn from_documents(
    file: Option<&Path>,
    documents: &[Document],
    flags: &InitFlags,
    node: &NodeFacts,
    mut diagnostics: Diagnostics,
) -> Result<Loaded, Problems> {
    let mut config = Config::default();
    let mut phases = PhaseConfiguration::default();
    let (mut kubelet, mut kube_proxy, mut found, mut timeout) = (None, None, false, None);
    for document in documents {
        match (document.group(), document.kind.as_str()) {
            (GROUP, "InitConfiguration") if known_version(document, &mut diagnostics) => {
                found = true;
                config.init = diagnostics
                    .decode(document, &schema::INIT, Some(&schema::INIT_V1BETA3))
                    .map(|(init, _)| init)
                    .unwrap_or_default();
            }
            (GROUP, "ClusterConfiguration") if known_version(document, &mut diagnostics) => {
                found = true;
                let decoded: Option<(ClusterConfiguration, _)> =
                    diagnostics.decode(document, &schema::CLUSTER, Some(&schema::CLUSTER_V1BETA3));
                (config.cluster, timeout) = decoded.unwrap_or_default();
            }
            // Told of by `known_version`.
            (GROUP, "InitConfiguration" | "ClusterConfiguration") => found = true,
            (_, "KubeletConfiguration") => {
                kubelet = component_document(document, ComponentKind::Kubelet, &mut diagnostics)
            }
            (_, "KubeProxyConfiguration") => {
                kube_proxy =
                    component_document(document, ComponentKind::KubeProxy, &mut diagnostics)
            }
            (_, phases::KIND) => match phases::read(document) {
                Ok(read) => phases = read,
                Err(problem) => diagnostics.problems.push(problem),
            },
            _ => diagnostics.ignored(document),
        }
    }
    if let Some(file) = file
        && !found
    {
        let message =
            "no InitConfiguration or ClusterConfiguration kind was found in the configuration file";
        diagnostics.fatal(Problem {
            file: Some(file.to_owned()),
            ..Problem::new("", message)
        });
    }
    if diagnostics.broken {
        return Err(Problems(diagnostics.problems));
    }
    let raw_name = overridden(
        &mut config,
        flags,
        file.is_some(),
        &mut diagnostics.problems,
    );
    let token_given = config
        .init
        .bootstrap_tokens
        .first()
        .is_some_and(|token| !token.token.is_empty());
    if let Some(timeout) = timeout.and_then(|timeout| timeout.as_str()?.parse().ok()) {
        config
            .init
            .timeouts
            .get_or_insert_default()
            .control_plane_component_health_check = Some(timeout);
    }
    dynamic(&mut config, node, &mut diagnostics);
    flags.phase.set_kubeconfigs(&mut config);
    if diagnostics.strictness == Strictness::Lenient {
        diagnostics.problems.extend(defaults::bindable(
            &config.init.local_api_endpoint,
            "localAPIEndpoint.advertiseAddress",
        ));
    }
    diagnostics.problems.extend(validate::config(&config));
    diagnostics
        .warnings
        .extend(validate::check_periods(&config.cluster));
    let mixed = ignored_checks(
        &mut config.init.node_registration.ignore_preflight_errors,
        &flags.ignore_preflight_errors,
    );
    diagnostics
        .problems
        .extend(mixed.filter(|_| diagnostics.strictness == Strictness::Lenient));
    let mut warnings = diagnostics.settled(documents)?;
    // kubeadm validates the name in lower case and then takes the flag as it was given.
    if let Some(name) = raw_name {
        config.init.node_registration.name = name;
    }
    let (kubelet, said) = component::kubelet(kubelet, &config.init, &config.cluster);
    let (kube_proxy, also_said) = component::kube_proxy(kube_proxy, &config.init, &config.cluster);
    warnings.extend(
        said.into_iter()
            .chain(also_said)
            .map(|warning| Problem::new("", warning)),
    );
    config.kubelet = kubelet;
    config.kube_proxy = kube_proxy;
    let dry_run = std::mem::take(&mut config.init.dry_run) || flags.dry_run;
    Ok(Loaded {
        config,
        phases,
        warnings,
        token_given,
        dry_run,
    })
}

/// Puts together the checks to ignore, in lower case; the problem where `all` is not alone.
pub(super) fn ignored_checks(given: &mut Vec<String>, more: &[String]) -> Option<Problem> {
    let ignored: BTreeSet<String> = given
        .iter()
        .chain(more)
        .map(|name| name.to_lowercase())
        .collect();
    let shown = ignored.iter().cloned().collect::<Vec<_>>().join(",");
    let mixed = ignored.contains("all") && ignored.len() > 1;
    *given = ignored.into_iter().collect();
    mixed.then(|| {
        Problem::invalid(
            "ignore-preflight-errors",
            shown,
            "don't specify individual checks if 'all' is used",
        )
    })
}

/// A component's document, if it is of the version that is read and its types are right.
pub(super) fn component_document(
    document: &Document,
    kind: ComponentKind,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    if document.api_version != kind.api_version() {
        let message = format!(
            "unsupported apiVersion {:?}, you may have to do manual conversion to {:?} and run \
             kubeadm again",
            document.api_version,
            kind.api_version()
        );
        diagnostics.fatal(document.problem("apiVersion", message));
        return None;
    }
    diagnostics.checked(document, kind.schema())
}

/// Takes over the flags; the node's name as it was given, where it was.
fn overridden(
    config: &mut Config,
    flags: &InitFlags,
    from_file: bool,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let set = |field: &mut String, flag: &Option<String>| {
        if let Some(value) = flag {
            field.clone_from(value);
        }
    };
    let Config {
        init, cluster, run, ..
    } = config;
    set(
        &mut init.local_api_endpoint.advertise_address,
        &flags.apiserver_advertise_address,
    );
    init.local_api_endpoint.bind_port = flags
        .apiserver_bind_port
        .unwrap_or(init.local_api_endpoint.bind_port);
    if let Some(key) = &flags.certificate_key {
        init.certificate_key.clone_from(key);
    }
    set(&mut init.node_registration.cri_socket, &flags.cri_socket);
    set(
        &mut cluster.control_plane_endpoint,
        &flags.control_plane_endpoint,
    );
    set(&mut cluster.image_repository, &flags.image_repository);
    set(&mut cluster.kubernetes_version, &flags.kubernetes_version);
    set(&mut cluster.networking.pod_subnet, &flags.pod_network_cidr);
    set(&mut cluster.networking.service_subnet, &flags.service_cidr);
    set(
        &mut cluster.networking.dns_domain,
        &flags.service_dns_domain,
    );
    flags.phase.add_extra_args(cluster);
    cluster
        .api_server
        .cert_sans
        .extend(flags.apiserver_cert_extra_sans.iter().cloned());
    if let Some(directory) = &flags.cert_dir {
        cluster.certificates_dir = render::join(directory, "");
    }
    if let Some(directory) = &flags.patches {
        init.patches = Some(Patches {
            directory: directory.clone(),
        });
    }
    match flags
        .feature_gates
        .as_deref()
        .map(validate::parse_feature_gates)
    {
        Some(Ok(gates)) => cluster.feature_gates.extend(gates),
        Some(Err(message)) => problems.push(Problem::new("--feature-gates", message)),
        None => {}
    }
    if !from_file {
        let mut token = BootstrapToken {
            token: flags.token.clone().unwrap_or_default(),
            description: "The default bootstrap token generated by 'kubeadm init'.".into(),
            ttl: flags.token_ttl,
            ..Default::default()
        };
        if !token.token.is_empty() && !bootstrap_token::is_token(&token.token) {
            problems.push(Problem::new(
                "--token",
                bootstrap_token::malformed_message(),
            ));
            token.token = Secret::default();
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
fn dynamic(config: &mut Config, node: &NodeFacts, diagnostics: &mut Diagnostics) {
    defaults::init(&mut config.init);
    defaults::cluster(&mut config.cluster);
    let warnings = &mut diagnostics.warnings;
    let outcomes = [
        defaults::on_node(&mut config.init.node_registration, node, warnings),
        defaults::advertise(
            &mut config.init.local_api_endpoint,
            node,
            "localAPIEndpoint.advertiseAddress",
            warnings,
        ),
    ];
    diagnostics
        .problems
        .extend(outcomes.into_iter().filter_map(Result::err));
    defaults::taints(&mut config.init);
    defaults::secrets(&mut config.init);
    defaults::resolve(config, &mut diagnostics.problems, &mut diagnostics.warnings);
    addons(config);
    run_options(config, node, "init");
}

/// What follows from the rest of the configuration and from the node.
pub(super) fn run_options(config: &mut Config, node: &NodeFacts, workflow: &str) {
    let control_plane_url = render::kubeconfig::control_plane_url(config)
        .map(|(url, _)| url)
        .unwrap_or_default();
    let run = &mut config.run;
    run.control_plane_url = control_plane_url;
    run.workflow = workflow.into();
    run.kubeconfig_dir = defaults::KUBECONFIG_DIR.into();
    run.kubeconfig = defaults::ADMIN.into();
    run.os_hostname.clone_from(&node.hostname);
    run.systemd_resolved = node.systemd_resolved_active;
    run.ca_directories.clone_from(&node.ca_directories);
    let proxies = node
        .environment
        .iter()
        .filter(|(name, value)| is_proxy(name) && !value.is_empty());
    run.proxy_environment = proxies
        .map(|(name, value)| EnvVar {
            name: name.clone(),
            value: value.clone(),
            value_from: None,
        })
        .collect();
    run.dns_service_address = defaults::dns_address(&config.cluster).unwrap_or_default();
    let images = [
        ("coredns", render::images::coredns(&config.cluster)),
        (
            "kube-proxy",
            render::images::kubernetes(config, "kube-proxy"),
        ),
    ];
    config.run.images = images.map(|(name, image)| (name.to_owned(), image)).into();
}

/// An addon that is skipped by name is disabled in what the cluster keeps.
fn addons(config: &mut Config) {
    let skipped = |name: &str| config.init.skip_phases.iter().any(|phase| phase == name);
    let (all, dns, proxy) = (
        skipped("addon"),
        skipped("addon/coredns"),
        skipped("addon/kube-proxy"),
    );
    config.cluster.dns.disabled |= all || dns;
    config.cluster.proxy.disabled |= all || proxy;
}

/// The default documents as `init` would have them, for printing.
pub(super) fn init_and_cluster() -> (kubeadm::InitConfiguration, ClusterConfiguration) {
    let (mut init, mut cluster) = (
        kubeadm::InitConfiguration::default(),
        ClusterConfiguration::default(),
    );
    defaults::init(&mut init);
    defaults::cluster(&mut cluster);
    (init, cluster)
}
