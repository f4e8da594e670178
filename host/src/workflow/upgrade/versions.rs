//! Which versions `upgrade apply` accepts: kubeadm's rules, over the versions in the cluster.
use crate::{
    config::{Config, own_version},
    program::Program,
    run::workflow::LabelledLine,
    world::Cluster,
};
use anyhow::{Result, anyhow};
use kubephase_sdk::release::{
    Release,
    upgrade::{Allowed, UpgradeVersions},
};
use serde_json::Value;
use std::collections::BTreeSet;

const PREFLIGHT: &str = "upgrade/preflight";

/// Checks whether the cluster may be upgraded to the version of the configuration. `say` gets
/// kubeadm's lines, also about problems that the operator ignores with `--force`.
///
/// # Errors
/// The versions do not fit together. The message is in kubeadm's words.
pub fn check(config: &Config, cluster: &dyn Cluster, say: &dyn Fn(LabelledLine)) -> Result<()> {
    let upgrade = config.upgrade.clone().unwrap_or_default();
    let target = &config.cluster.kubernetes_version;
    // This program upgrades to every release that it knows, as kubeadm of that release does.
    let kubeadm = match Program::current() {
        Program::Kubeadm => own_version(),
        Program::Kubephase => Release::of(target).kubeadm,
    };
    let chosen = format!("You have chosen to upgrade the cluster version to {target:?}");
    say(LabelledLine::new(PREFLIGHT, chosen));
    for (what, version) in [("Cluster", upgrade.from.as_str()), ("kubeadm", kubeadm)] {
        let line = format!("{what} version: {version}");
        say(LabelledLine::new("upgrade/versions", line));
    }
    let problems = UpgradeVersions {
        target: target.clone(),
        cluster: upgrade.from,
        kubeadm: kubeadm.to_owned(),
        kubelets: kubelets(cluster),
        allowed: Allowed {
            experimental: upgrade.allow_experimental,
            release_candidates: upgrade.allow_release_candidates,
        },
    }
    .problems();
    if let Some(why) = problems.refusal(upgrade.force) {
        return Err(anyhow!("error execution phase preflight: {why}"));
    }
    if let Some(problems_of_forced_upgrade) = problems.problems_of_forced_upgrade() {
        say(LabelledLine::new(PREFLIGHT, problems_of_forced_upgrade));
    }
    Ok(())
}

/// Returns the versions of the kubelets of all nodes.
fn kubelets(cluster: &dyn Cluster) -> Result<BTreeSet<String>, String> {
    let nodes = cluster
        .list("v1", "Node", None, None)
        .map_err(|failure| failure.message)?;
    let version = |node: &Value| {
        let version = node["status"]["nodeInfo"]["kubeletVersion"].as_str()?;
        Some(version.to_owned()).filter(|version| !version.is_empty())
    };
    Ok(nodes.iter().filter_map(version).collect())
}
