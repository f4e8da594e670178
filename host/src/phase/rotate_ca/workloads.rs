//! Restarts of kube-proxy and CoreDNS, which read the authorities only when they start.
use super::{Exchange, LABEL};
use crate::phase::{upgrade::limit_of_manifests, wait_control_plane::propose_wait};
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, effects, effects_cluster, observe_cluster, spec::Condition,
};
use serde_json::json;

/// The workloads that a cluster of kubeadm has: the kind and the name of each.
const WORKLOADS: [(&str, &str); 2] = [("DaemonSet", "kube-proxy"), ("Deployment", "coredns")];

/// `…/workloads`: proposes, on the last control plane of a stage, to restart kube-proxy and CoreDNS
/// once the controller manager publishes the authorities of the stage, and to wait until no Pod is
/// left that trusts others.
pub(super) fn restart(exchange: &Exchange) -> Result<Outcome, Failure> {
    if !exchange.rotation.is_last_control_plane {
        return Ok(Outcome::Skipped(
            "the last control plane that goes through this stage restarts them".into(),
        ));
    }
    let limit = limit_of_manifests(&exchange.config).as_secs();
    let condition = Condition::AuthoritiesPublished {
        authorities: exchange.authorities()?,
    };
    propose_wait(condition, limit)?;
    let (trusted, _) = exchange.fingerprints()?;
    let patch = json!({ "spec": { "template": { "metadata": { "annotations": {
        exchange.annotations().trusted: trusted.join(","),
    } } } } });
    let mut restarted = Vec::new();
    for (kind, name) in WORKLOADS {
        let reference = ObjectRef::namespaced("apps/v1", kind, "kube-system", name);
        if observe_cluster::get_object(&reference)?.is_some() {
            let patched = effects_cluster::patch_object(&reference, &patch.to_string())?;
            let line = format!("[{LABEL}] Restarting the Pods of {name}, and waiting for them");
            effects::announce(patched, &line)?;
            restarted.push((kind, name));
        }
    }
    for (kind, name) in restarted {
        let condition = Condition::RolledOut {
            workload: kind.to_owned(),
            name: name.to_owned(),
        };
        propose_wait(condition, limit)?;
    }
    Ok(Outcome::Settled)
}
