//! What the cluster keeps of its configuration: for a node that joins, the rest beside its own
//! part; for one that is reset, what it was part of.
use super::{
    Config, Document, Join, JoinConfiguration, Loaded, LoadedJoin, PhaseConfiguration, PhaseFlags,
    Problem, Problems,
    component::{self, Kind, kubeadm_schema as schema},
    defaults, documents,
    load::{component_document, run_options},
    phases,
    read::{Findings, Strictness},
};
use crate::{
    secret::Secret,
    world::{Cluster, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
use kubephase_sdk::kubeadm::ClusterConfiguration;
use kubephase_wit::ObjectRef;
use std::path::PathBuf;

/// A cluster that was found and is trusted.
pub struct FoundCluster {
    pub server: String,
    /// its authorities
    pub authority_pem: String,
    /// for the kubelet to ask with
    pub kubeconfig: Secret<String>,
    /// The operator named the file of the kubeconfig on the command line, so a program in it that
    /// authenticates the user may be run.
    pub may_run_programs: bool,
    pub warnings: Vec<String>,
}

/// Reads what the cluster keeps for whoever joins.
///
/// # Errors
/// Where the cluster keeps nothing of the kind, or nothing that can be used.
pub fn from_cluster(
    loaded: LoadedJoin,
    found: FoundCluster,
    cluster: &dyn Cluster,
    node: &NodeFacts,
    phase_flags: &PhaseFlags,
) -> Result<Loaded> {
    let LoadedJoin {
        join,
        phases,
        warnings,
    } = loaded;
    let mut findings = Findings::new(Strictness::Lenient);
    findings.warnings = warnings;
    findings.warnings.extend(
        found
            .warnings
            .iter()
            .map(|warning| Problem::new("", warning)),
    );
    let cluster_configuration = of_cluster(cluster, &mut findings)?;
    let mut config = Config {
        init: join.as_init(),
        cluster: cluster_configuration,
        ..Config::default()
    };
    let mut of_component = |name: &str, key: &str, kind: Kind| -> Result<_> {
        let document = self::kept(cluster, name, key)?;
        Ok(document.and_then(|document| component_document(&document, kind, &mut findings)))
    };
    let kubelet = of_component("kubelet-config", "kubelet", Kind::Kubelet)?;
    let kube_proxy = of_component("kube-proxy", "config.conf", Kind::KubeProxy)?;
    let phases = if phases.same(&PhaseConfiguration::default()) {
        self::kept(cluster, "kubephase-config", "PhaseConfiguration")?
            .map(|document| phases::read(&document))
            .transpose()
            .map_err(Problems::from)?
            .unwrap_or_default()
    } else {
        phases
    };
    complete(&mut config, &join, found, node, &mut findings)?;
    phase_flags.set_kubeconfigs(&mut config);
    let (kubelet, said) = component::kubelet(kubelet, &config.init, &config.cluster);
    let (kube_proxy, also_said) = component::kube_proxy(kube_proxy, &config.init, &config.cluster);
    findings.warnings.extend(
        said.into_iter()
            .chain(also_said)
            .map(|warning| Problem::new("", warning)),
    );
    (config.kubelet, config.kube_proxy) = (kubelet, kube_proxy);
    Ok(Loaded {
        config,
        phases,
        warnings: findings.settled(&[])?,
        token_given: true,
        dry_run: join.dry_run,
    })
}

/// Takes over what the cluster of a node that is reset keeps. One that does not tell is told of,
/// and the node is reset all the same.
pub fn merge_cluster_configuration(loaded: &mut Loaded, cluster: &dyn Cluster) {
    let mut findings = Findings::new(Strictness::Lenient);
    let read = of_cluster(cluster, &mut findings)
        .and_then(|read| Ok(findings.settled(&[]).map(|_| read)?));
    match read {
        Ok(read) => {
            loaded.config.cluster = read;
            defaults::cluster(&mut loaded.config.cluster);
        }
        Err(why) => {
            let why = format!(
                "[reset] Unable to fetch the kubeadm-config ConfigMap from cluster: {}",
                why.root_cause()
            );
            loaded.warnings.push(Problem::new("", why));
        }
    }
}

/// The ClusterConfiguration as the cluster keeps it.
fn of_cluster(cluster: &dyn Cluster, findings: &mut Findings) -> Result<ClusterConfiguration> {
    const NAME: &str = "kubeadm-config";
    let kept = kept(cluster, NAME, "ClusterConfiguration")?.ok_or_else(|| {
        anyhow!("the cluster has none; run `init phase upload-config kubeadm` on a control plane")
            .context(unfetched(NAME))
    })?;
    Ok(findings
        .decode(&kept, &schema::CLUSTER, Some(&schema::CLUSTER_V1BETA3))
        .unwrap_or_default()
        .0)
}

fn unfetched(name: &str) -> String {
    format!("unable to fetch the {name} ConfigMap")
}

fn complete(
    config: &mut Config,
    join: &JoinConfiguration,
    found: FoundCluster,
    node: &NodeFacts,
    findings: &mut Findings,
) -> Result<()> {
    defaults::cluster(&mut config.cluster);
    let control_plane = join.control_plane.is_some();
    if control_plane {
        defaults::taints(&mut config.init);
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
    defaults::resolve(config, &mut findings.problems, &mut findings.warnings);
    run_options(config, node, "join");
    config.join = Some(Join {
        control_plane,
        server: found.server,
        authority_pem: found.authority_pem,
        ca_cert_path: join.ca_cert_path.clone(),
        bootstrap_kubeconfig: found.kubeconfig,
    });
    Ok(())
}

/// A document that a ConfigMap of `kube-system` keeps; none where there is none, or it is not for
/// this node's eyes.
fn kept(cluster: &dyn Cluster, name: &str, key: &str) -> Result<Option<Document>> {
    let of = ObjectRef {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some("kube-system".into()),
        name: name.into(),
    };
    let map = match cluster.get(&of) {
        Ok(map) => map,
        Err(failure) if failure.code == "forbidden" => return Ok(None),
        Err(failure) => {
            return Err(
                anyhow!("failed to get config map: {}", failure.to_text()).context(unfetched(name))
            );
        }
    };
    let text = map
        .as_ref()
        .and_then(|map| map["data"][key].as_str().map(str::to_owned));
    let place = PathBuf::from(format!("ConfigMap kube-system/{name}"));
    text.map(|text| documents::document(&place, 0, &text))
        .transpose()
        .map_err(|problem| Problems::from(problem).into())
}
