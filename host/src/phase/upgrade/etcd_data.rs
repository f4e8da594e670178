//! The data of etcd in an upgrade and its rollback: a snapshot on request, the copy that kubeadm
//! makes before it replaces etcd, and putting that copy back.
use super::{
    backups::{BackupKind, MEMBERS, propose_backup, propose_private_directory},
    step::{ComponentStep, words},
};
use crate::{
    phase::etcd_join::{client_url, list_members},
    render::BACKUPS,
};
use kubephase_sdk::{
    Effect, Failure, effects, effects_core, json,
    kubeadm::{Config, Upgrade},
    spec::EtcdDataSpec,
    yaml,
};

/// Proposes to save a snapshot of etcd, from which `etcdutl snapshot restore` makes a new etcd.
pub(super) fn propose_snapshot(config: &Config, upgrade: &Upgrade) -> Result<(), Failure> {
    let directory = BackupKind::EtcdSnapshot.directory(upgrade);
    let path = format!("{directory}/snapshot.db");
    propose_private_directory(BACKUPS)?;
    propose_private_directory(&directory)?;
    let line = format!(
        "[{}] Saving a snapshot of etcd to {path:?}",
        words(config).etcd
    );
    let spec = EtcdDataSpec::Snapshot {
        client_url: client_url(config),
        path,
    };
    effects::announce(propose(&spec)?, &line)
}

/// Proposes to copy the data of etcd to the directory in which kubeadm leaves them.
pub(super) fn propose_copy(step: &ComponentStep<'_>) -> Result<(), Failure> {
    let ComponentStep {
        config, upgrade, ..
    } = *step;
    let Some(local) = &config.cluster.etcd.local else {
        return Ok(());
    };
    let path = copy_path(upgrade);
    let directory = BackupKind::EtcdData.directory(upgrade);
    // A rollback reads the members from the backup, even if no member answers then: the data of one
    // member of several must not be put back alone. All members can be written as JSON.
    let members = serde_json::to_value(list_members()?).unwrap_or_default();
    propose_backup(&directory, MEMBERS, yaml::to_string(&members).as_bytes())?;
    let line = format!("[{}] Backing up etcd data to {path:?}", words(config).etcd);
    let spec = EtcdDataSpec::Copy {
        client_url: client_url(config),
        data_dir: local.data_dir.clone(),
        path,
    };
    effects::announce(propose(&spec)?, &line)
}

/// Returns the path of the copy that this run makes.
fn copy_path(upgrade: &Upgrade) -> String {
    format!("{}/etcd", BackupKind::EtcdData.directory(upgrade))
}

/// Proposes what puts the data back if etcd was replaced and does not serve with its old manifest
/// either. Returns whether it was proposed: it is not in a cluster of several members, because a
/// member with older data would have lost entries that it confirmed to the others.
pub(super) fn propose_rollback(step: &ComponentStep<'_>) -> Result<bool, Failure> {
    let ComponentStep {
        config, upgrade, ..
    } = *step;
    let Some(local) = &config.cluster.etcd.local else {
        return Ok(false);
    };
    if list_members()?.len() != 1 {
        return Ok(false);
    }
    let restoring = propose(&EtcdDataSpec::Restore {
        client_url: client_url(config),
        data_dir: local.data_dir.clone(),
        copy: copy_path(upgrade),
        only_if_down: true,
    })?;
    effects_core::on_failure(restoring)?;
    let label = words(config).etcd;
    let warning = format!(
        "[{label}] fatal error rolling back local etcd cluster datadir: {{}}, the backup of etcd \
         database is stored here:({})",
        copy_path(upgrade)
    );
    effects_core::attempt(restoring, &warning)?;
    Ok(true)
}

/// Proposes to put a copy of the data back, whether etcd serves or not.
pub(super) fn propose_restore(config: &Config, copy: &str) -> Result<Effect, Failure> {
    let local = config.cluster.etcd.local.clone().unwrap_or_default();
    propose(&EtcdDataSpec::Restore {
        client_url: client_url(config),
        data_dir: local.data_dir,
        copy: copy.to_owned(),
        only_if_down: false,
    })
}

fn propose(spec: &EtcdDataSpec) -> Result<Effect, Failure> {
    effects_core::etcd_data(&json(spec))
}
