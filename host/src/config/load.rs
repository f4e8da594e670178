//! Makes the complete configuration of `init` from a file, flags and the node's facts.
mod documents;
mod overrides;
mod run_options;

pub(super) use documents::{Documents, component_document};
pub(super) use run_options::{disable_skipped_addons, run_options};

use super::{
    Config, ConfigFile, Document, InitFlags, PhaseConfiguration, Problem, Problems, component,
    defaults::{self, SERVICE_SUBNET},
    file::documents_of,
    flags::check_not_mixed,
    own_version::release_of,
    read::{Diagnostics, Strictness},
    validate,
};
use crate::world::node::facts::NodeFacts;
use kubephase_sdk::{
    kubeadm::{self, ClusterConfiguration},
    release::Release,
};
use overrides::apply_flags;
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

/// A complete and valid configuration, with facts about its source that the run needs.
#[derive(Debug)]
pub struct LoadedConfig {
    /// the configuration, with secrets in it
    pub config: Config,
    pub phases: PhaseConfiguration,
    pub warnings: Vec<Problem>,
    /// whether the user gave the first bootstrap token; if not, it was generated
    pub token_given: bool,
    /// whether `--dry-run` or `dryRun` asks for a dry run; `config` does not say it, because phases
    /// must not know
    pub dry_run: bool,
}

/// Returns `SERVICES,PODS`: the subnets in a configuration file, which need not be complete.
/// Without a subnet of Services, its default is used; without one of Pods, the result has only
/// Services.
///
/// # Errors
/// The file cannot be read or is not valid YAML.
pub fn cluster_subnets(file: &ConfigFile) -> Result<String, Problems> {
    let documents = file.documents()?;
    let cluster = documents
        .iter()
        .find(|document| document.kind == "ClusterConfiguration");
    let value = cluster.map(|document| document.tree.value());
    let networking = value.as_ref().and_then(|cluster| cluster.get("networking"));
    let services = non_empty_text(networking, "serviceSubnet").unwrap_or(SERVICE_SUBNET);
    Ok(match non_empty_text(networking, "podSubnet") {
        Some(pods) => format!("{services},{pods}"),
        None => services.to_owned(),
    })
}

fn non_empty_text<'a>(map: Option<&'a Value>, field: &str) -> Option<&'a str> {
    map?.get(field)?.as_str().filter(|text| !text.is_empty())
}

/// Reads, completes and validates the configuration of `init`.
///
/// # Errors
/// There are problems; all are reported.
pub fn load_init(
    file: Option<&ConfigFile>,
    flags: &InitFlags,
    node: &NodeFacts,
) -> Result<LoadedConfig, Problems> {
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    diagnostics.serves_api = true;
    load(file, flags, node, diagnostics)
}

/// Reads, completes and validates the configuration of `init` for a command that starts no API
/// server. So an address on which none can listen is accepted, and a node without a default route
/// has the address 0.0.0.0 (kubeadm behaviour).
///
/// # Errors
/// There are problems; all are reported.
pub fn load_without_server(
    file: Option<&ConfigFile>,
    flags: &InitFlags,
    node: &NodeFacts,
) -> Result<LoadedConfig, Problems> {
    load(file, flags, node, Diagnostics::new(Strictness::Lenient))
}

fn load(
    file: Option<&ConfigFile>,
    flags: &InitFlags,
    node: &NodeFacts,
    mut diagnostics: Diagnostics,
) -> Result<LoadedConfig, Problems> {
    check_not_mixed(file, &flags.flags_instead_of_config())?;
    let documents = documents_of(file, &mut diagnostics)?;
    let named = file.and_then(ConfigFile::operator_file);
    from_documents(named, documents, flags, node, diagnostics)
}

/// Makes the resolved configuration from documents and from flags. `file` is the file that the
/// operator names, if there is one.
///
/// # Errors
/// There are problems; all are reported.
pub(super) fn from_documents(
    file: Option<&Path>,
    documents: &[Document],
    flags: &InitFlags,
    node: &NodeFacts,
    mut diagnostics: Diagnostics,
) -> Result<LoadedConfig, Problems> {
    diagnostics.release = release(documents, flags);
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
        diagnostics.add_fatal(Problem::new("", message).with_file(file));
    }
    if diagnostics.broken {
        return Err(Problems(diagnostics.problems));
    }
    let node_name_of_flag = apply_flags(
        &mut config,
        flags,
        file.is_some(),
        &mut diagnostics.problems,
    );
    let token_given = is_token_given(&config);
    // v1beta3 has this timeout in ClusterConfiguration, v1beta4 in InitConfiguration.
    if let Some(timeout) = api_server_timeout.and_then(|timeout| timeout.as_str()?.parse().ok()) {
        config
            .init
            .timeouts
            .get_or_insert_default()
            .control_plane_component_health_check = Some(timeout);
    }
    complete(&mut config, node, &mut diagnostics);
    // `complete` has set the default paths of kubeconfigs, which these flags replace.
    flags.phase.set_kubeconfigs(&mut config);
    validate_and_merge_ignored_checks(&mut config, flags, &mut diagnostics);
    let mut warnings = diagnostics.finish(documents)?;
    // The name was validated in lower case. kubeadm then uses the flag's spelling (kubeadm
    // behaviour).
    if let Some(name) = node_name_of_flag {
        config.init.node_registration.name = name;
    }
    complete_components(&mut config, kubelet, kube_proxy, &mut warnings);
    // Phases must not see whether this is a dry run.
    let dry_run = std::mem::take(&mut config.init.dry_run);
    let dry_run = flags.dry_run.unwrap_or(dry_run);
    Ok(LoadedConfig {
        config,
        phases,
        warnings,
        token_given,
        dry_run,
    })
}

/// Returns the release that a run sets up: that of the cluster that is there, of the flag, or of
/// the ClusterConfiguration, which is not read yet.
fn release(documents: &[Document], flags: &InitFlags) -> &'static Release {
    let mut documents = documents.iter();
    let cluster = documents.find(|document| document.is_kubeadm("ClusterConfiguration"));
    let version = (flags.kept_version.as_deref())
        .or(flags.kubernetes_version.as_deref())
        .or_else(|| cluster.and_then(|document| document.tree.text("kubernetesVersion")));
    release_of(version.unwrap_or_default())
}

/// Whether the user gave the first bootstrap token.
fn is_token_given(config: &Config) -> bool {
    let mut tokens = config.init.bootstrap_tokens.iter();
    tokens.next().is_some_and(|token| !token.token.is_empty())
}

/// Validates the configuration. A command that runs checks also gets the ignored checks of the
/// flag.
fn validate_and_merge_ignored_checks(
    config: &mut Config,
    flags: &InitFlags,
    diagnostics: &mut Diagnostics,
) {
    if diagnostics.serves_api {
        diagnostics.problems.extend(defaults::check_bind_address(
            &config.init.local_api_endpoint,
            "localAPIEndpoint.advertiseAddress",
        ));
    }
    diagnostics.problems.extend(validate::config(config));
    diagnostics
        .warnings
        .extend(validate::check_periods(&config.cluster));
    if diagnostics.serves_api {
        diagnostics.problems.extend(merge_ignored_checks(
            &mut config.init.node_registration.ignore_preflight_errors,
            &flags.ignore_preflight_errors,
        ));
    }
}

/// Fills in the documents of the kubelet and of kube-proxy from the user's documents.
pub(super) fn complete_components(
    config: &mut Config,
    kubelet: Option<Value>,
    kube_proxy: Option<Value>,
    warnings: &mut Vec<Problem>,
) {
    let (kubelet, kubelet_warnings) = component::kubelet(kubelet, &config.init, &config.cluster);
    let (kube_proxy, kube_proxy_warnings) =
        component::kube_proxy(kube_proxy, &config.init, &config.cluster);
    let all = kubelet_warnings.into_iter().chain(kube_proxy_warnings);
    warnings.extend(all.map(|warning| Problem::new("", warning)));
    (config.kubelet, config.kube_proxy) = (kubelet, kube_proxy);
}

/// Adds checks to the ignored checks, and writes all of them in lower case. Returns a problem if
/// `all` stands beside other names (kubeadm's message).
pub(super) fn merge_ignored_checks(checks: &mut Vec<String>, more: &[String]) -> Option<Problem> {
    let ignored: BTreeSet<String> = checks
        .iter()
        .chain(more)
        .map(|name| name.to_lowercase())
        .collect();
    let shown = ignored.iter().cloned().collect::<Vec<_>>().join(",");
    let is_all_mixed = ignored.contains("all") && ignored.len() > 1;
    *checks = ignored.into_iter().collect();
    is_all_mixed.then(|| {
        Problem::invalid(
            "ignore-preflight-errors",
            shown,
            "don't specify individual checks if 'all' is used",
        )
    })
}

/// Fills in the defaults, including those that depend on the node.
fn complete(config: &mut Config, node: &NodeFacts, diagnostics: &mut Diagnostics) {
    defaults::complete_init(&mut config.init);
    defaults::complete_cluster(&mut config.cluster);
    let warnings = &mut diagnostics.warnings;
    // Both steps run, so that the problems of both are reported.
    let outcomes = [
        defaults::complete_on_node(&mut config.init.node_registration, node, warnings),
        defaults::choose_advertise_address(
            &mut config.init.local_api_endpoint,
            node,
            "localAPIEndpoint.advertiseAddress",
            warnings,
        ),
    ];
    diagnostics
        .problems
        .extend(outcomes.into_iter().filter_map(Result::err));
    defaults::taint_control_plane(&mut config.init);
    defaults::generate_tokens(&mut config.init);
    defaults::resolve_version_and_endpoint(
        config,
        &mut diagnostics.problems,
        &mut diagnostics.warnings,
    );
    disable_skipped_addons(config);
    run_options(config, node, "init");
}

/// Returns the default documents of `init`, for printing.
pub(super) fn init_and_cluster() -> (kubeadm::InitConfiguration, ClusterConfiguration) {
    let (mut init, mut cluster) = (
        kubeadm::InitConfiguration::default(),
        ClusterConfiguration::default(),
    );
    defaults::complete_init(&mut init);
    defaults::complete_cluster(&mut cluster);
    (init, cluster)
}
