//! The configuration that the cluster keeps in ConfigMaps: a node that joins completes its own
//! configuration with it, and a node that is reset learns the cluster's settings from it.
use super::{
    Config, JoinConfiguration, JoinedCluster, LoadedConfig, LoadedJoin, PhaseFlags, Problem,
    api_servers,
    component::ComponentKind,
    config_map::{fetch_failed, read_document},
    defaults, document_kinds,
    load::{complete_components, component_document, run_options},
    phases_of_cluster,
    read::{Diagnostics, Strictness},
};
use crate::{
    program,
    secret::Secret,
    world::{Cluster, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
use kubephase_sdk::kubeadm::ClusterConfiguration;

/// A cluster that discovery found and trusts.
pub struct FoundCluster {
    /// URL of the API server
    pub server: String,
    /// PEM of the cluster's certificate authorities
    pub authority_pem: String,
    /// the kubeconfig with which the kubelet requests its certificate
    pub kubeconfig: Secret<String>,
    /// whether a program in the kubeconfig that authenticates the user may be run, because the
    /// operator named the kubeconfig's file on the command line
    pub may_run_programs: bool,
    pub warnings: Vec<String>,
}

/// Completes the configuration of a node that joins with the configuration that the cluster keeps.
///
/// # Errors
/// A ConfigMap is missing, cannot be read or is not valid.
pub fn from_cluster(
    loaded: LoadedJoin,
    found: FoundCluster,
    cluster: &dyn Cluster,
    node: &NodeFacts,
    phase_flags: &PhaseFlags,
) -> Result<LoadedConfig> {
    let LoadedJoin {
        join,
        phases,
        machine_phases,
        warnings,
    } = loaded;
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    diagnostics.warnings = warnings;
    diagnostics.warnings.extend(
        found
            .warnings
            .iter()
            .map(|warning| Problem::new("", warning)),
    );
    let cluster_configuration = read_cluster_configuration(cluster, &mut diagnostics)?;
    let mut config = Config {
        init: join.as_init(),
        cluster: cluster_configuration,
        ..Config::default()
    };
    let kubelet = read_document(cluster, "kubelet-config", "kubelet")?.and_then(|document| {
        component_document(&document, ComponentKind::Kubelet, &mut diagnostics)
    });
    let kube_proxy = read_document(cluster, "kube-proxy", "config.conf")?.and_then(|document| {
        component_document(&document, ComponentKind::KubeProxy, &mut diagnostics)
    });
    let phases =
        phases_of_cluster::complete(phases, machine_phases, cluster, &mut diagnostics.warnings)?;
    let running = api_servers::versions(&join, cluster);
    complete(&mut config, &join, found, running, node, &mut diagnostics)?;
    phase_flags.set_kubeconfigs(&mut config);
    complete_components(&mut config, kubelet, kube_proxy, &mut diagnostics.warnings);
    Ok(LoadedConfig {
        config,
        phases,
        warnings: diagnostics.finish(&[])?,
        token_given: true,
        dry_run: join.dry_run,
    })
}

/// Sets the cluster's part of the configuration of a node that is reset. If the ConfigMap cannot be
/// read, adds a warning and changes nothing.
pub fn merge_cluster_configuration(loaded: &mut LoadedConfig, cluster: &dyn Cluster) {
    match stored_cluster_configuration(cluster) {
        Ok((stored, _)) => loaded.config.cluster = stored,
        Err(why) => {
            let why = format!(
                "[reset] Unable to fetch the kubeadm-config ConfigMap from cluster: {}",
                why.root_cause()
            );
            loaded.warnings.push(Problem::new("", why));
        }
    }
}

/// Returns the ClusterConfiguration that the cluster keeps, with its defaults, and warnings.
///
/// # Errors
/// It is missing, cannot be read or is not valid.
pub fn stored_cluster_configuration(
    cluster: &dyn Cluster,
) -> Result<(ClusterConfiguration, Vec<Problem>)> {
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    let mut read = read_cluster_configuration(cluster, &mut diagnostics)?;
    let warnings = diagnostics.finish(&[])?;
    defaults::complete_cluster(&mut read);
    Ok((read, warnings))
}

/// Reads the ClusterConfiguration that the cluster keeps.
pub(super) fn read_cluster_configuration(
    cluster: &dyn Cluster,
    diagnostics: &mut Diagnostics,
) -> Result<ClusterConfiguration> {
    const NAME: &str = "kubeadm-config";
    let document = read_document(cluster, NAME, "ClusterConfiguration")?.ok_or_else(|| {
        anyhow!(
            "the cluster lacks it; run `{}` on a control plane",
            program::command("init phase upload-config kubeadm")
        )
        .context(fetch_failed(NAME))
    })?;
    Ok(diagnostics
        .decode(&document, &document_kinds::CLUSTER)
        .unwrap_or_default()
        .0)
}

/// Fills in the defaults, and the settings that discovery found.
fn complete(
    config: &mut Config,
    join: &JoinConfiguration,
    found: FoundCluster,
    api_server_versions: Vec<String>,
    node: &NodeFacts,
    diagnostics: &mut Diagnostics,
) -> Result<()> {
    defaults::complete_cluster(&mut config.cluster);
    let control_plane = join.control_plane.is_some();
    if control_plane {
        defaults::taint_control_plane(&mut config.init);
        if config.cluster.control_plane_endpoint.is_empty() {
            return Err(anyhow!(
                "\nOne or more conditions for hosting a new control plane instance is not \
                 satisfied.\n\nunable to add a new control plane instance to a cluster that \
                 doesn't have a stable controlPlaneEndpoint address\n\nPlease ensure that:\n* The \
                 cluster has a stable controlPlaneEndpoint address.\n* The certificates that must \
                 be shared among control plane instances are provided.\n"
            ));
        }
    }
    defaults::resolve_version_and_endpoint(
        config,
        &mut diagnostics.problems,
        &mut diagnostics.warnings,
    );
    run_options(config, node, "join");
    config.join = Some(JoinedCluster {
        control_plane,
        server: found.server,
        authority_pem: found.authority_pem,
        ca_cert_path: join.ca_cert_path.clone(),
        api_server_versions,
        bootstrap_kubeconfig: found.kubeconfig,
    });
    Ok(())
}
