//! `kubelet-config`: the kubelet of this machine gets the cluster's configuration, and is restarted
//! with it. If it is not healthy then, its old configuration goes back.
use crate::{
    phase::{
        kubelet_start::{patched_configuration, restart},
        upgrade::backups::{BackupKind, propose_backup, propose_private_directory},
        wait_control_plane::propose_wait_for_kubelet,
    },
    render::{BACKUPS, KUBELET_DIR},
};
use kubephase_sdk::{
    Effect, Failure, Outcome, config, effects, effects_core, effects_files, kubeadm::Config,
    observe_files, say,
};

/// Returns the path of a file that is there from before the configuration changes until the kubelet
/// has been restarted. A run that follows a killed one sees by it that the restart is still due.
fn restart_due() -> String {
    format!("{BACKUPS}/kubephase-kubelet-restart-due")
}

/// Returns the time of the run in names and notes.
pub(super) fn stamp_of(config: &Config) -> String {
    let upgrade = config.upgrade.as_ref();
    upgrade
        .map(|upgrade| upgrade.stamp.clone())
        .unwrap_or_default()
}

/// Proposes to note that the kubelet has to be restarted. The note is new in each run and at each
/// place, so that the kubelet is restarted after each.
pub(super) fn propose_restart_due(note: &str) -> Result<Effect, Failure> {
    propose_private_directory(BACKUPS)?;
    effects_files::write_file(&restart_due(), note.as_bytes())
}

/// `kubelet-config`
///
/// # Errors
/// The node has no configuration of the kubelet, the host cannot answer a question, or it refuses a
/// proposal.
pub fn change_configuration() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let stamp = stamp_of(&config);
    let path = format!("{KUBELET_DIR}/config.yaml");
    let old = observe_files::read_file(&path)?;
    let new = patched_configuration(&config)?.into_bytes();
    if old == new && observe_files::stat(&restart_due())?.is_none() {
        say("[apply/kubelet-config] The kubelet has the wanted configuration already");
        return Ok(Outcome::Settled);
    }
    let directory = BackupKind::Kubelet.directory(&config.upgrade.clone().unwrap_or_default());
    propose_backup(&directory, "config.yaml", &old)?;
    let due = propose_restart_due(&format!("{stamp} again"))?;
    let written = effects_files::write_file(&path, &new)?;
    let line = format!(
        "[apply/kubelet-config] Changing {path:?}, and restarting the kubelet; the old file is in \
         {directory:?}"
    );
    effects::announce(written, &line)?;
    restart([due, written])?;
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    propose_wait_for_kubelet(&config, &timeouts)?;
    effects_files::remove_file(&restart_due())?;
    let back = effects_files::write_file(&path, &old)?;
    effects_core::on_failure(back)?;
    let line = "[apply/kubelet-config] Putting the old configuration of the kubelet back";
    effects::announce(back, line)?;
    effects_core::on_failure(restart([back])?)?;
    Ok(Outcome::Settled)
}
