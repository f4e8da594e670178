//! Finds in a node's journals the backups that its last upgrade made.
use crate::{
    journal::{EarlierRun, runs_of},
    phase::upgrade::backups::{BackupKind, MEMBERS, SharedObject},
    program,
    text::yaml,
    world::{Files, WorldResult, state_directory as state, text_file::read_text},
};
use anyhow::{Result, anyhow};
use kubephase_sdk::{kubeadm::Rollback, release::upgrade::version_of_image};
use kubephase_wit::Failure;

/// Name of the workflow that undoes an upgrade.
pub const ROLLBACK: &str = "upgrade-rollback";

/// The workflows whose runs matter. After a reset nothing of an upgrade is left.
const WORKFLOWS: &[&str] = &["upgrade-apply", "upgrade-node", ROLLBACK, "reset"];

/// Kinds of effects by which an upgrade changes a node or its cluster.
const OF_UPGRADES: [&str; 4] = ["static-pod", "file", "object", "patch"];

/// Finds the backups of the last upgrade: the backups of the last run that succeeded and changed
/// something, and of runs before it that did not end. If newer runs failed, finds only the backups
/// of the failed runs.
///
/// # Errors
/// No upgrade is recorded, the last was undone already, or a backup is gone.
pub fn find(files: &dyn Files) -> Result<Rollback> {
    let runs = runs_of(files, state::DIRECTORY, WORKFLOWS).map_err(Failure::into_error)?;
    let backups = backups_of(&runs)?;
    for path in &backups {
        if files.stat(path).map_err(Failure::into_error)?.is_none() {
            return Err(anyhow!(
                "the last upgrade cannot be taken back: its backup {path} does not exist any more"
            ));
        }
    }
    Ok(sort_by_use(backups))
}

/// Returns the paths of the backups, those of the latest run first.
fn backups_of(runs: &[EarlierRun]) -> Result<Vec<String>> {
    let (mut backups, mut is_complete) = (Vec::new(), false);
    for run in runs.iter().rev() {
        match (run.workflow.as_str(), run.is_done) {
            (ROLLBACK, true) if backups.is_empty() => {
                return Err(anyhow!(
                    "the last upgrade of this machine was taken back already, by run {}",
                    run.run
                ));
            }
            (ROLLBACK, true) | ("reset", _) => break,
            (ROLLBACK, false) => {}
            (_, true) if is_complete || !(backups.is_empty()) => break,
            (_, is_done) if changes_something(run) => {
                backups.extend(paths_of_backups(run));
                is_complete |= is_done;
            }
            _ => {}
        }
    }
    if backups.is_empty() {
        return Err(anyhow!(
            "no upgrade that changed this machine is recorded in {}, so there is nothing to take \
             back; see {}",
            state::DIRECTORY,
            program::command("report --list")
        ));
    }
    Ok(backups)
}

fn changes_something(run: &EarlierRun) -> bool {
    run.changes.iter().any(|(kind, target)| {
        OF_UPGRADES.contains(&kind.as_str()) && BackupKind::of_path(target).is_none()
    })
}

fn paths_of_backups(run: &EarlierRun) -> impl Iterator<Item = String> + '_ {
    let targets = run.changes.iter().map(|(_, target)| target);
    targets
        .filter(|target| BackupKind::of_path(target).is_some())
        .cloned()
}

/// Sorts backups by what they are backups of. If there are several, the earliest counts, which is
/// the last of the list.
fn sort_by_use(backups: Vec<String>) -> Rollback {
    let mut rollback = Rollback::default();
    for path in backups {
        match BackupKind::of_path(&path) {
            Some((BackupKind::Manifests, name)) => {
                let component = name.trim_end_matches(".yaml").to_owned();
                rollback.manifests.insert(component, path);
            }
            Some((BackupKind::Kubelet, name)) => {
                rollback.kubelet.insert(name.to_owned(), path);
            }
            Some((BackupKind::Objects, name)) => {
                let shared = SharedObject::ALL.iter().find(|shared| shared.file == name);
                let list = match shared {
                    Some(shared) if shared.is_of_addon => &mut rollback.addons,
                    Some(_) => &mut rollback.configuration,
                    None => continue,
                };
                list.retain(|earlier| !earlier.ends_with(&format!("/{name}")));
                list.push(path);
            }
            Some((BackupKind::EtcdData, name)) if name != MEMBERS => rollback.etcd_data = path,
            Some((BackupKind::EtcdData | BackupKind::EtcdSnapshot, _)) => {}
            None => {}
        }
    }
    rollback
}

/// Returns the version before the upgrade: that of the cluster's configuration, or of the API
/// server; empty if this node has neither.
///
/// # Errors
/// A backup cannot be read.
pub fn version_before(rollback: &Rollback, files: &dyn Files) -> WorldResult<String> {
    let read = |path: &str| Ok(read_text(files, path)?.unwrap_or_default());
    let configuration = rollback
        .configuration
        .iter()
        .find(|path| path.ends_with(SharedObject::CLUSTER_CONFIGURATION));
    if let Some(path) = configuration {
        let map = yaml::value(&read(path)?).unwrap_or_default();
        let text = map["data"]["ClusterConfiguration"].as_str();
        let document = yaml::value(text.unwrap_or_default()).unwrap_or_default();
        return Ok(document["kubernetesVersion"]
            .as_str()
            .unwrap_or_default()
            .to_owned());
    }
    let Some(path) = rollback.manifests.get("kube-apiserver") else {
        return Ok(String::new());
    };
    let pod = yaml::value(&read(path)?).unwrap_or_default();
    let image = pod["spec"]["containers"][0]["image"].as_str();
    let version = image.and_then(version_of_image);
    Ok(version
        .map(|version| format!("v{version}"))
        .unwrap_or_default())
}

#[cfg(test)]
mod tests;
