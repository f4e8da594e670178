//! `upgrade rollback --etcd`: puts back the static Pods together with the data of etcd, as they
//! were when the upgrade copied the data. What the upgrade changed in the cluster is in these data.
use super::{
    etcd_data::propose_restore,
    static_pods::images_of_backup,
    step::{API_SERVER, ETCD, limit},
};
use crate::{phase::wait_control_plane, render::static_pod};
use kubephase_sdk::{
    Failure, Outcome, effects, effects_core, effects_node, input, json,
    kubeadm::{Config, Rollback},
    observe_files, say,
    spec::{Condition, RestartSpec},
};

/// Proposes to put back the manifests, then the data of etcd; and in the next round to restart the
/// components that have read the newer data.
///
/// # Errors
/// A backup or a manifest cannot be read, or the host refuses a proposal.
pub(super) fn restore(config: &Config, rollback: &Rollback) -> Result<Outcome, Failure> {
    if input::round() == 0 {
        wait_control_plane::propose_wait_for_kubelet_sync(config)?;
        propose_manifests(rollback)?;
        let restoring = propose_restore(config, &rollback.etcd_data)?;
        let line = format!(
            "[upgrade/etcd] Rolling back etcd data: putting {} in place of them",
            rollback.etcd_data
        );
        effects::announce(restoring, &line)?;
        return Ok(Outcome::Again);
    }
    propose_restarts(config, rollback)?;
    Ok(Outcome::Settled)
}

/// Proposes the old manifests. If the data cannot be put back, the present manifests are put back
/// instead.
fn propose_manifests(rollback: &Rollback) -> Result<(), Failure> {
    for (component, path) in &rollback.manifests {
        let old = observe_files::read_file(path)?;
        let pod = effects_core::static_pod(component, &old)?;
        let line = format!("[upgrade/rollback] Putting the old manifest of {component} back");
        effects::announce(pod, &line)?;
    }
    for component in rollback.manifests.keys() {
        let path = static_pod::manifest_path(component);
        if observe_files::stat(&path)?.is_some() {
            let present = effects_core::static_pod(component, &observe_files::read_file(&path)?)?;
            effects_core::on_failure(present)?;
        }
    }
    Ok(())
}

/// Proposes to start the components again that have read newer data, and to wait for all. The API
/// server would answer from what it remembers, and the others would wait for revisions that do not
/// come for a long time. The others start at the same time, when the API server is back.
fn propose_restarts(config: &Config, rollback: &Rollback) -> Result<(), Failure> {
    let seconds = limit(config).as_secs();
    let mut conditions = Vec::new();
    for component in static_pod::CONTROL_PLANE {
        let health_url = wait_control_plane::health_url(component, config)?;
        let is_api_server = component == API_SERVER;
        let restarting = effects_core::restart_component(&json(&RestartSpec {
            component: component.to_owned(),
            health_url: health_url.clone(),
            timeout_seconds: seconds,
            is_awaited_later: !is_api_server,
            if_renewed: None,
        }))?;
        let line = format!("[upgrade/rollback] Restarting {component}, which has read newer data");
        effects::announce(restarting, &line)?;
        let name = component.to_owned();
        let url = health_url;
        let condition = Condition::Component { name, url };
        if is_api_server {
            wait_control_plane::propose_wait(condition, seconds)?;
        } else {
            conditions.push(condition);
        }
    }
    conditions.push(Condition::StaticPod {
        component: ETCD.to_owned(),
        node: config.init.node_registration.name.clone(),
        images: images_of_backup(ETCD, rollback)?,
        replaced_hash: None,
    });
    wait_control_plane::propose_wait(Condition::All { conditions }, seconds)?;
    effects_node::ensure_service("kubelet", "restarted")?;
    say(
        "[upgrade/rollback] Restart the kubelets of the other machines, and Pods that watch the \
         cluster: they have read revisions that are gone",
    );
    Ok(())
}
