//! `kubelet-config`: the kubelet of this machine gets the cluster's configuration, and the flags of
//! its own document, and is restarted with them. If the kubelet is not healthy afterwards, its old
//! files are put back.
use crate::{
    phase::{
        kubelet_start::{patched_configuration, restart},
        upgrade::backups::{BackupKind, propose_backup, propose_private_directory},
        wait_control_plane::propose_wait_for_kubelet,
    },
    render::{BACKUPS, KUBELET_DIR, kubelet},
};
use kubephase_sdk::{
    Effect, Failure, Outcome, config, effects, effects_core, effects_files, kubeadm::Config,
    observe_files, say, warn,
};

/// The file with the kubelet's flags.
const FLAGS: &str = "kubeadm-flags.env";

/// Returns the path of a file that exists from before the configuration changes until the kubelet
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

/// A file of the kubelet, with the content that it has and the one that it gets.
struct KubeletFile {
    name: &'static str,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl KubeletFile {
    fn path(&self) -> String {
        format!("{KUBELET_DIR}/{}", self.name)
    }

    /// Proposes the new content. The old file is kept in a directory.
    fn propose(&self, directory: &str) -> Result<Effect, Failure> {
        propose_backup(directory, self.name, &self.old)?;
        let path = self.path();
        let written = effects_files::write_file(&path, &self.new)?;
        let line = format!(
            "[apply/kubelet-config] Changing {path:?}, and restarting the kubelet; the old file is \
             in {directory:?}"
        );
        effects::announce(written, &line)?;
        Ok(written)
    }

    /// Proposes to put the old content back if the kubelet does not become healthy with the new
    /// one.
    fn propose_old_content(&self) -> Result<Effect, Failure> {
        let path = self.path();
        let back = effects_files::write_file(&path, &self.old)?;
        effects_core::on_failure(back)?;
        let line = format!("[apply/kubelet-config] Putting the old {path:?} back");
        effects::announce(back, &line)?;
        Ok(back)
    }
}

/// Returns the files that the kubelet is to have.
fn wanted_files(config: &Config) -> Result<Vec<KubeletFile>, Failure> {
    let configuration = KubeletFile {
        name: "config.yaml",
        old: observe_files::read_file(&format!("{KUBELET_DIR}/config.yaml"))?,
        new: patched_configuration(config)?.into_bytes(),
    };
    let flags = wanted_flags(config)?;
    Ok(std::iter::once(configuration).chain(flags).collect())
}

/// Returns the file with the kubelet's flags; `None` if the operator gave no settings of this node.
fn wanted_flags(config: &Config) -> Result<Option<KubeletFile>, Failure> {
    let reconfiguration = config.reconfiguration.as_ref();
    if !reconfiguration.is_some_and(|wanted| wanted.has_node_settings) {
        return Ok(None);
    }
    let path = format!("{KUBELET_DIR}/{FLAGS}");
    if observe_files::stat(&path)?.is_none() {
        warn(format!(
            "{path} does not exist, so that kubeletExtraArgs are not changed"
        ));
        return Ok(None);
    }
    let old = observe_files::read_file(&path)?;
    let new = kubelet::flags_env_with(&String::from_utf8_lossy(&old), config);
    Ok(Some(KubeletFile {
        name: FLAGS,
        old,
        new: new.into_bytes(),
    }))
}

/// `kubelet-config`: proposes the kubelet's files with the changed configuration, and its restart.
///
/// # Errors
/// The node has no configuration of the kubelet, the host cannot answer a question, or it refuses a
/// proposal.
pub fn change_configuration() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let files = wanted_files(&config)?;
    let is_same = files.iter().all(|file| file.old == file.new);
    if is_same && observe_files::stat(&restart_due())?.is_none() {
        say("[apply/kubelet-config] The kubelet has the wanted configuration already");
        return Ok(Outcome::Settled);
    }
    let directory = BackupKind::Kubelet.directory(&config.upgrade.clone().unwrap_or_default());
    let due = propose_restart_due(&format!("{} again", stamp_of(&config)))?;
    let files: Vec<KubeletFile> = files
        .into_iter()
        .filter(|file| is_same || file.old != file.new)
        .collect();
    let mut written = vec![due];
    for file in &files {
        written.push(file.propose(&directory)?);
    }
    restart(written)?;
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    propose_wait_for_kubelet(&config, &timeouts)?;
    effects_files::remove_file(&restart_due())?;
    let taken_back: Result<Vec<Effect>, Failure> =
        files.iter().map(KubeletFile::propose_old_content).collect();
    effects_core::on_failure(restart(taken_back?)?)?;
    Ok(Outcome::Settled)
}
