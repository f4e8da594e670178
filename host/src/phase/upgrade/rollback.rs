//! `upgrade rollback`: puts back what the last upgrade of this node replaced, in the opposite
//! order: the addons, the static Pods that use the API server, the API server with its etcd, then
//! the configuration.
use super::{
    backups::SharedObject,
    groups::{FirstGroup, PodChange, propose_changes},
    read, rollback_etcd,
    static_pods::Replacement,
    step::{ComponentStep, ETCD},
};
use crate::{
    phase::{kubelet_start, mark_control_plane::read_node},
    render::{kubelet, objects, static_pod},
    text::yaml,
};
use kubephase_sdk::{
    Failure, FailureCode, Outcome, cluster, effects_cluster, failure,
    kubeadm::{Config, Rollback, Upgrade},
    observe_files, say,
};
use serde_json::{Map, Value, json};

/// `addons`: proposes the objects of the addons as they were before the upgrade.
///
/// # Errors
/// A backup cannot be read, the host cannot answer a question, or it refuses a proposal.
pub fn restore_addons() -> Result<Outcome, Failure> {
    let (_, rollback) = read_backups()?.1;
    restore_objects(&rollback, &rollback.addons)
}

/// `upload-config`: proposes the ConfigMaps with the configuration as they were before the upgrade.
///
/// # Errors
/// A backup cannot be read, the host cannot answer a question, or it refuses a proposal.
pub fn restore_configuration() -> Result<Outcome, Failure> {
    let (_, rollback) = read_backups()?.1;
    restore_objects(&rollback, &rollback.configuration)
}

/// `control-plane`: proposes the old manifests of this node's static Pods, from the last component
/// to the first.
///
/// # Errors
/// A backup or a manifest cannot be read, the host cannot answer a question, or it refuses a
/// proposal.
pub fn restore_control_plane() -> Result<Outcome, Failure> {
    let (config, (upgrade, rollback)) = read_backups()?;
    if rollback.restores_etcd {
        return rollback_etcd::restore(&config, &rollback);
    }
    if rollback.manifests.is_empty() {
        return Ok(Outcome::Skipped(
            "the upgrade replaced no static Pod of this node".into(),
        ));
    }
    let mut changes = Vec::new();
    for (component, _) in static_pod::COMPONENTS.iter().rev() {
        if let Some(path) = rollback.manifests.get(*component) {
            let step = ComponentStep {
                config: &config,
                upgrade: &upgrade,
                component,
            };
            changes.extend(change_back(&step, observe_files::read_file(path)?)?);
        }
    }
    propose_changes(&config, &changes, FirstGroup::Others)?;
    Ok(Outcome::Settled)
}

/// Returns the change that puts one manifest back; `None` if it is not put back. The data of an
/// etcd cannot be read by an older etcd.
fn change_back(step: &ComponentStep<'_>, backup: Vec<u8>) -> Result<Option<PodChange>, Failure> {
    let replacement = Replacement::by_manifest(step, backup.clone())?;
    let component = step.component;
    if component == ETCD && replacement.version_problem().is_some() {
        say(
            "[upgrade/rollback] etcd keeps its new version and its data: an older etcd may not \
             read them, and API servers of the old version work with it",
        );
        return Ok(None);
    }
    let mut change = PodChange {
        component,
        manifest: backup,
        replaced_hash: None,
        line: None,
    };
    if replacement.changes_nothing() {
        say(format!(
            "[upgrade/rollback] The manifest of {component} is the old one already"
        ));
        // A run that was killed may have left a Pod that is not up yet, which is waited for.
    } else {
        change.replaced_hash = replacement.hash_of_running_pod()?;
        let line = format!("[upgrade/rollback] Putting the old manifest of {component} back");
        change.line = Some(line);
    }
    Ok(Some(change))
}

/// `kubelet-config`: proposes the files of this node's kubelet as they were before the upgrade.
///
/// # Errors
/// A backup cannot be read, the host cannot answer a question, or it refuses a proposal.
pub fn restore_kubelet_configuration() -> Result<Outcome, Failure> {
    let (config, (_, rollback)) = read_backups()?;
    for (name, path) in &rollback.kubelet {
        let backup = observe_files::read_file(path)?;
        let text = String::from_utf8_lossy(&backup);
        kubelet_start::propose_file(name, "configuration", &text)?;
    }
    if kubelet::annotates_socket(&config) {
        let (node, current) = read_node(&config)?;
        let socket = &config.init.node_registration.cri_socket;
        let patch = objects::socket_patch(&current, socket);
        effects_cluster::patch_object(&node, &patch.to_string())?;
    }
    Ok(Outcome::Settled)
}

fn restore_objects(rollback: &Rollback, backups: &[String]) -> Result<Outcome, Failure> {
    if rollback.restores_etcd {
        return Ok(Outcome::Skipped(
            "the data of etcd have the objects as they were".into(),
        ));
    }
    if backups.is_empty() {
        return Ok(Outcome::Skipped(
            "the upgrade of this node did not change them".into(),
        ));
    }
    for path in backups {
        let text = observe_files::read_file(path)?;
        let backup = yaml::value(&String::from_utf8_lossy(&text))
            .map_err(|why| failure(FailureCode::Invalid, format!("{path}: {why}")))?;
        restore_object(path, &backup)?;
    }
    Ok(Outcome::Settled)
}

/// Proposes the object of a backup, and to remove the data that a ConfigMap got since.
fn restore_object(path: &str, backup: &Value) -> Result<(), Failure> {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let shared = SharedObject::ALL
        .iter()
        .find(|shared| shared.file == name)
        .ok_or_else(|| {
            let message = format!("{path} is not a backup of an upgrade");
            failure(FailureCode::Invalid, message)
        })?;
    let reference = shared.reference();
    let current = cluster::get_object(&reference)?.unwrap_or_default();
    let data = current["data"].as_object().into_iter().flatten();
    let added: Map<String, Value> = data
        .filter(|(key, _)| backup["data"].get(key).is_none())
        .map(|(key, _)| (key.clone(), Value::Null))
        .collect();
    if !added.is_empty() {
        let patch = json!({"data": added});
        effects_cluster::patch_object(&reference, &patch.to_string())?;
    }
    cluster::apply_object(backup)?;
    Ok(())
}

/// Returns the configuration, the options of the upgrade, and the backups.
fn read_backups() -> Result<(Config, (Upgrade, Rollback)), Failure> {
    let (config, upgrade) = read()?;
    let rollback = upgrade.rollback.clone().unwrap_or_default();
    Ok((config, (upgrade, rollback)))
}
