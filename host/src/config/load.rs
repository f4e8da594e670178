//! From files, flags and facts to the resolved configuration of `init`.
mod documents;
mod overrides;
mod run_options;

pub(super) use documents::{GROUP, component_document};
pub(super) use run_options::run_options;

use super::{
    Config, ConfigFile, Document, InitFlags, PhaseConfiguration, Problem, Problems, component,
    defaults::{self, SERVICE_SUBNET},
    flags::unmixed,
    read::{Diagnostics, Strictness},
    validate,
};
use crate::world::node::facts::NodeFacts;
use documents::Documents;
use kubephase_sdk::kubeadm::{self, ClusterConfiguration};
use overrides::apply_flags;
use run_options::disable_skipped_addons;
use std::{collections::BTreeSet, path::Path};

/// A configuration that is complete and valid, with what the run needs to know of its source.
#[derive(Debug)]
pub struct Loaded {
    /// the configuration with its secrets
    pub config: Config,
    pub phases: PhaseConfiguration,
    pub warnings: Vec<Problem>,
    /// whether the user gave the first bootstrap token; if not, it was generated
    pub token_given: bool,
    /// whether the flag or the field asks for a dry run; phases are not told
    pub dry_run: bool,
}

/// Returns the subnets of Services and Pods of a configuration file; for Services the default if it
/// names none. The file need not be complete.
///
/// # Errors
/// The file cannot be read.
pub fn cluster_subnets(file: &ConfigFile) -> Result<String, Problems> {
    let documents = file.documents()?;
    let cluster = documents
        .iter()
        .find(|document| document.kind == "ClusterConfiguration");
    let value = cluster.map(|document| document.tree.value());
    let subnets = |field: &str| {
        let cluster = value.as_ref()?;
        let subnets = cluster.pointer("/networking")?.get(field)?.as_str()?;
        (!subnets.is_empty()).then(|| subnets.to_owned())
    };
    let of_services = subnets("serviceSubnet").unwrap_or_else(|| SERVICE_SUBNET.to_owned());
    let of_pods = subnets("podSubnet").map(|pods| format!(",{pods}"));
    Ok(of_services + &of_pods.unwrap_or_default())
}

/// Reads, completes and validates the configuration of `init`.
///
/// # Errors
/// Every problem that was found.
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
    let Documents {
        mut config,
        phases,
        kubelet,
        kube_proxy,
        has_init_or_cluster,
        api_server_timeout,
    } = Documents::read(documents, &mut diagnostics);
    if let Some(file) = file
        && !has_init_or_cluster
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
    let raw_name = apply_flags(
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
    if let Some(timeout) = api_server_timeout.and_then(|timeout| timeout.as_str()?.parse().ok()) {
        config
            .init
            .timeouts
            .get_or_insert_default()
            .control_plane_component_health_check = Some(timeout);
    }
    complete(&mut config, node, &mut diagnostics);
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
    let (kubelet, kubelet_warnings) = component::kubelet(kubelet, &config.init, &config.cluster);
    let (kube_proxy, kube_proxy_warnings) =
        component::kube_proxy(kube_proxy, &config.init, &config.cluster);
    warnings.extend(
        kubelet_warnings
            .into_iter()
            .chain(kube_proxy_warnings)
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

/// Adds `more` to the checks to ignore, all in lower case. Returns a problem if `all` is not alone.
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

/// Fills in the defaults, including those that depend on the node.
fn complete(config: &mut Config, node: &NodeFacts, diagnostics: &mut Diagnostics) {
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
    disable_skipped_addons(config);
    run_options(config, node, "init");
}

/// Returns the default documents of `init`, for printing.
pub(super) fn init_and_cluster() -> (kubeadm::InitConfiguration, ClusterConfiguration) {
    let (mut init, mut cluster) = (
        kubeadm::InitConfiguration::default(),
        ClusterConfiguration::default(),
    );
    defaults::init(&mut init);
    defaults::cluster(&mut cluster);
    (init, cluster)
}
