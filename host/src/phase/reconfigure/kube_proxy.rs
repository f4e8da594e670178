//! `kube-proxy/*`: the Pods of kube-proxy are restarted if their configuration changes, because
//! they read it only when they start. The change is noted at the DaemonSet before it is made, so
//! that a run that follows a killed one restarts them, too.
use super::kubelet::stamp_of;
use crate::text::yaml;
use kubephase_sdk::{Failure, ObjectRef, Outcome, cluster, config, effects, kubeadm::Config};
use serde_json::{Value, json};

/// The annotation of a DaemonSet whose Pods have an old configuration.
const RESTART_DUE: &str = "kubephase.dev/restart-due";
/// The annotation with which kubectl restarts Pods.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

fn daemon_set_reference() -> ObjectRef {
    ObjectRef::namespaced("apps/v1", "DaemonSet", "kube-system", "kube-proxy")
}

/// `kube-proxy/note-change`: proposes to note at the DaemonSet that its Pods have to be restarted,
/// if their configuration changes.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn note_change() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let daemon_set = daemon_set_reference();
    let map = cluster::get_object(&ObjectRef::config_map("kube-system", "kube-proxy"))?;
    let (Some(map), Some(_)) = (map, cluster::get_object(&daemon_set)?) else {
        return Ok(Outcome::Skipped("the cluster has no kube-proxy".into()));
    };
    let part = |key: &str| yaml::value(map["data"][key].as_str().unwrap_or_default());
    let document = part("config.conf").unwrap_or_default();
    let kubeconfig = part("kubeconfig.conf").unwrap_or_default();
    let server = kubeconfig.pointer("/clusters/0/cluster/server");
    let is_same = document == config.kube_proxy.document
        && server.is_some_and(|server| *server == *config.run.control_plane_url);
    if !is_same {
        let note = json!({"metadata": {"annotations": {RESTART_DUE: stamp_of(&config)}}});
        cluster::patch_object(&daemon_set, &note)?;
    }
    Ok(Outcome::Settled)
}

/// `kube-proxy/restart`: proposes to restart the Pods of kube-proxy if a restart is noted, and to
/// remove the note.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn restart() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let daemon_set = daemon_set_reference();
    let current = cluster::get_object(&daemon_set)?.unwrap_or_default();
    if current["metadata"]["annotations"][RESTART_DUE] == Value::Null {
        return Ok(Outcome::Skipped("its configuration does not change".into()));
    }
    let template = json!({"metadata": {"annotations": {RESTARTED: stamp_of(&config)}}});
    let restarted = cluster::patch_object(
        &daemon_set,
        &json!({
            "metadata": {"annotations": {RESTART_DUE: null}},
            "spec": {"template": template},
        }),
    )?;
    let line = "[apply/kube-proxy] Restarting the Pods of kube-proxy with their new configuration";
    effects::announce(restarted, line)?;
    Ok(Outcome::Settled)
}
