//! The configuration of an upgrade, from what the cluster and the node keep.
use super::{
    LoadedUpgrade, UpgradeOptions,
    components::{ComponentDocument, read_component},
    this_node,
};
use crate::{
    config::{
        Config, LoadedConfig,
        component::ComponentKind,
        defaults,
        from_cluster::read_cluster_configuration,
        load::{complete_components, run_options},
        phases_of_cluster,
        read::{Diagnostics, Strictness},
        reset::socket_of_kubelet,
    },
    render::{self, static_pod},
    world::{Cluster, Files, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
use kubephase_sdk::{
    kubeadm::{ComponentConfig, Upgrade},
    release::{Release, upgrade},
};
use kubephase_wit::Failure;
use semver::Version;
use serde_json::Value;
use std::{cmp::Ordering, collections::BTreeMap};

/// The cluster and the node that are upgraded, and the options of the command.
pub struct UpgradeTarget<'a> {
    /// name of the workflow
    pub workflow: &'a str,
    /// the options of the command
    pub options: UpgradeOptions,
    /// the kubeconfig of the command
    pub kubeconfig: String,
    pub cluster: &'a dyn Cluster,
    pub files: &'a dyn Files,
    pub node: &'a NodeFacts,
    /// the time in names of backups: `2026-11-30-12-00-00`
    pub stamp: String,
}

/// Completes the configuration of an upgrade with the configuration that the cluster keeps, and
/// with what the files of the node say.
///
/// # Errors
/// A ConfigMap is missing, cannot be read or is not valid; or the node is not known.
pub fn upgrade_from_cluster(
    loaded: LoadedUpgrade,
    target: UpgradeTarget<'_>,
) -> Result<LoadedConfig> {
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    diagnostics.warnings = loaded.warnings;
    let mut config = Config {
        cluster: read_cluster_configuration(target.cluster, &mut diagnostics)?,
        ..Config::default()
    };
    defaults::complete_cluster(&mut config.cluster);
    let from = config.cluster.kubernetes_version.clone();
    if !target.options.kubernetes_version.is_empty() {
        let version = &target.options.kubernetes_version;
        config.cluster.kubernetes_version.clone_from(version);
    }
    diagnostics.release = Release::of(&config.cluster.kubernetes_version);
    config.init.timeouts = loaded.upgrade.timeouts;
    let control_plane = describe_node(&mut config, &target, &mut diagnostics)?;
    let options = &target.options;
    config.upgrade = Some(Upgrade {
        control_plane,
        certificate_renewal: options.certificate_renewal.unwrap_or(true),
        etcd: options.etcd_upgrade.unwrap_or(true),
        force: options.force_upgrade.unwrap_or(false),
        allow_experimental: options.allow_experimental_upgrades.unwrap_or(false),
        allow_release_candidates: options.allow_rc_upgrades.unwrap_or(false),
        stamp: target.stamp.clone(),
        ..Upgrade::default()
    });
    defaults::resolve_version_and_endpoint(
        &mut config,
        &mut diagnostics.problems,
        &mut diagnostics.warnings,
    );
    run_options(&mut config, target.node, target.workflow);
    config.run.kubeconfig.clone_from(&target.kubeconfig);
    set_components(&mut config, target.cluster, &mut diagnostics)?;
    let servers = if control_plane {
        ApiServers::find(target.cluster)?
    } else {
        ApiServers::default()
    };
    if let Some(upgrade) = &mut config.upgrade {
        let own = &config.init.node_registration.name;
        let version = &config.cluster.kubernetes_version;
        upgrade.older_control_planes = servers.others(own, version, Ordering::Less);
        upgrade.newer_control_planes = servers.others(own, version, Ordering::Greater);
        upgrade.from = servers.newest().unwrap_or(from);
    }
    let phases = phases_of_cluster::complete(
        loaded.phases,
        loaded.machine_phases,
        target.cluster,
        &mut diagnostics.warnings,
    )?;
    Ok(LoadedConfig {
        config,
        phases,
        warnings: diagnostics.finish(&[])?,
        token_given: true,
        dry_run: target.options.dry_run.unwrap_or(false),
    })
}

/// Sets what the configuration says about this node. Returns whether it is a member of the control
/// plane.
fn describe_node(
    config: &mut Config,
    target: &UpgradeTarget<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<bool> {
    let UpgradeTarget { options, files, .. } = target;
    let registration = &mut config.init.node_registration;
    let name = this_node::node_name(*files).map_err(Failure::into_error)?;
    registration.name = name.unwrap_or_default();
    registration.cri_socket = socket_of_kubelet(*files).unwrap_or_default();
    let completed =
        defaults::complete_on_node(registration, target.node, &mut diagnostics.warnings);
    diagnostics.problems.extend(completed.err());
    registration
        .image_pull_policy
        .clone_from(&options.image_pull_policy);
    registration.image_pull_serial = options.image_pull_serial;
    registration
        .ignore_preflight_errors
        .clone_from(&options.ignore_preflight_errors);
    config.init.patches.clone_from(&options.patches);
    config.init.skip_phases.clone_from(&options.skip_phases);
    let control_plane = this_node::is_control_plane(*files).map_err(Failure::into_error)?;
    let endpoint = this_node::api_endpoint(*files).map_err(Failure::into_error)?;
    config.init.local_api_endpoint = endpoint.unwrap_or_default();
    if config.init.local_api_endpoint.bind_port == 0 {
        config.init.local_api_endpoint.bind_port = defaults::BIND_PORT;
    }
    if control_plane && config.init.local_api_endpoint.advertise_address.is_empty() {
        return Err(anyhow!(
            "the static Pod of kube-apiserver has no annotation {} with the address of this \
             node's API server; add it to {}/kube-apiserver.yaml",
            render::static_pod::ENDPOINT_ANNOTATION,
            render::MANIFESTS
        ));
    }
    Ok(control_plane)
}

/// Sets the configurations of the kubelet and of kube-proxy. A configuration that kubeadm
/// generated, and that no user changed, keeps kubeadm's mark.
fn set_components(
    config: &mut Config,
    cluster: &dyn Cluster,
    diagnostics: &mut Diagnostics,
) -> Result<()> {
    let kubelet = read_component(cluster, ComponentKind::Kubelet, diagnostics)?;
    let kube_proxy = read_component(cluster, ComponentKind::KubeProxy, diagnostics)?;
    let document = |read: &Option<ComponentDocument>| -> Option<Value> {
        Some(read.as_ref()?.document.clone())
    };
    complete_components(
        config,
        document(&kubelet),
        document(&kube_proxy),
        &mut diagnostics.warnings,
    );
    keep_mark(&mut config.kubelet, kubelet.as_ref());
    keep_mark(&mut config.kube_proxy, kube_proxy.as_ref());
    Ok(())
}

fn keep_mark(component: &mut ComponentConfig, read: Option<&ComponentDocument>) {
    component.user_supplied = read.is_some_and(|read| !read.is_generated);
}

/// The versions of the cluster's API servers, by their nodes. An API server whose image tag is not
/// a version is left out.
#[derive(Default)]
struct ApiServers(BTreeMap<String, Version>);

impl ApiServers {
    fn find(cluster: &dyn Cluster) -> Result<ApiServers> {
        let selector = Some("component=kube-apiserver");
        let pods = cluster.list("v1", "Pod", Some("kube-system"), selector);
        let pods = pods.map_err(|failure| {
            let why = failure.to_text();
            anyhow!("cannot list the API servers of the cluster: {why}")
        })?;
        let versions = pods.iter().filter_map(|pod| {
            let node = pod["spec"]["nodeName"].as_str()?;
            Some((node.to_owned(), version_of_pod(pod)?))
        });
        Ok(ApiServers(versions.collect()))
    }

    /// Returns the version of the newest API server.
    fn newest(&self) -> Option<String> {
        // Versions that differ in their build metadata only are equally new.
        let versions = self.0.values();
        let newest = versions.max_by(|one, other| one.cmp_precedence(other))?;
        Some(format!("v{newest}"))
    }

    /// Returns the nodes, without `own`, whose API server is older than, newer than or equal to a
    /// version, as `wanted` says.
    fn others(&self, own: &str, version: &str, wanted: Ordering) -> Vec<String> {
        let Ok(version) = upgrade::parse(version) else {
            return Vec::new();
        };
        let others = self.0.iter().filter(|(node, _)| *node != own);
        let found = others.filter(|(_, running)| running.cmp_precedence(&version) == wanted);
        found.map(|(node, _)| node.clone()).collect()
    }
}

/// Returns the versions of the cluster's API servers, by their nodes.
///
/// # Errors
/// The API servers cannot be listed.
pub fn api_server_versions(cluster: &dyn Cluster) -> Result<BTreeMap<String, Version>> {
    Ok(ApiServers::find(cluster)?.0)
}

/// Returns the version in the tag of an API server's image; `None` if the tag is not a version.
fn version_of_pod(pod: &Value) -> Option<Version> {
    upgrade::version_of_image(static_pod::image(pod, "kube-apiserver")?)
}
