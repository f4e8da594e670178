//! `kubeconfig` and `kubelet-config`: the kubelet's files on this node. The kubelet is not
//! restarted for a new configuration: its new version reads it (kubeadm behaviour).
use super::{
    announce,
    backups::{BackupKind, propose_backup},
    read, remove_socket_annotation,
};
use crate::{
    phase::kubelet_start,
    render::{KUBELET_DIR, kubeconfig::local_url, kubelet},
};
use kubephase_sdk::{
    Failure, FailureCode, Outcome, effects_core, failure,
    kubeadm::{Config, Upgrade},
    observe_files, observe_pki, say,
    spec::KubeconfigFacts,
};

/// The flag of the kubelet that its instance configuration replaces.
const SOCKET_FLAG: &str = "container-runtime-endpoint";

/// `kubeconfig`: lets the kubelet of a member of the control plane talk to its own API server.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn upgrade_kubeconfig() -> Result<Outcome, Failure> {
    let (config, upgrade) = read()?;
    if !upgrade.control_plane {
        say("[upgrade/kubeconfig] Skipping phase. Not a control plane node.");
        return Ok(Outcome::Skipped("this node is a worker".into()));
    }
    let path = format!("{}/kubelet.conf", config.run.kubeconfig_dir);
    let local = local_url(&config).map_err(|message| failure(FailureCode::Invalid, message))?;
    let facts = observe_pki::kubeconfig(&path)?
        .and_then(|text| serde_json::from_str::<KubeconfigFacts>(&text).ok());
    let uses_endpoint = facts.is_some_and(|facts| facts.server == config.run.control_plane_url);
    if uses_endpoint && config.run.control_plane_url != local {
        let changed = effects_core::kubeconfig_server(&path, &local)?;
        kubelet_start::restart([changed])?;
    }
    say("[upgrade/kubeconfig] The kubeconfig files for this node were successfully upgraded!");
    Ok(Outcome::Settled)
}

/// The phase `kubelet-config`: proposes the configuration of this node's kubelet for the new
/// version.
///
/// # Errors
/// The node has no configuration of the kubelet, the host cannot answer a question, or it refuses a
/// proposal.
pub fn upgrade_kubelet_configuration() -> Result<Outcome, Failure> {
    let (config, upgrade) = read()?;
    back_up(&upgrade)?;
    let instance = format!("{KUBELET_DIR}/instance-config.yaml");
    let mut removed = Vec::new();
    if kubelet::node_local_cri_socket(&config) && observe_files::stat(&instance)?.is_none() {
        add_instance_configuration(&config)?;
        removed.push(SOCKET_FLAG);
    }
    if !config.cluster.release().kubelet.pause_image_flag {
        removed.push(kubelet::PAUSE_IMAGE_FLAG);
    }
    remove_flags(&upgrade, &removed)?;
    let written = kubelet_start::propose_configuration(&config)?;
    announce(
        written,
        "upgrade/kubelet-config",
        &["The kubelet configuration for this node was successfully upgraded!".to_owned()],
    )?;
    if kubelet::node_local_cri_socket(&config) {
        remove_socket_annotation(&config)?;
    }
    Ok(Outcome::Settled)
}

fn back_up(upgrade: &Upgrade) -> Result<(), Failure> {
    let directory = BackupKind::Kubelet.directory(upgrade);
    let current = observe_files::read_file(&format!("{KUBELET_DIR}/config.yaml"))?;
    propose_backup(&directory, "config.yaml", &current)?;
    say(format!(
        "[upgrade] Backing up kubelet config file to {directory}/config.yaml"
    ));
    Ok(())
}

/// Writes the instance configuration of a node that has none yet. It holds the socket of the
/// container runtime.
fn add_instance_configuration(config: &Config) -> Result<(), Failure> {
    if let Some(instance) = kubelet::instance_config(config) {
        kubelet_start::propose_file("instance-config.yaml", "configuration", &instance)?;
    }
    Ok(())
}

/// Takes the flags out of the kubelet's flags file that the new version has elsewhere, or does not
/// know: a kubelet with a flag that it does not know does not start.
fn remove_flags(upgrade: &Upgrade, removed: &[&str]) -> Result<(), Failure> {
    let path = format!("{KUBELET_DIR}/kubeadm-flags.env");
    // A node that has its socket elsewhere need not have the file.
    let needs_file = removed.contains(&SOCKET_FLAG);
    if !needs_file && (removed.is_empty() || observe_files::stat(&path)?.is_none()) {
        return Ok(());
    }
    let flags = observe_files::read_file(&path)?;
    let flags = String::from_utf8_lossy(&flags);
    let kept = without_flags(&flags, removed);
    if kept != flags {
        let directory = BackupKind::Kubelet.directory(upgrade);
        propose_backup(&directory, "kubeadm-flags.env", flags.as_bytes())?;
        let what = "environment file with flags";
        kubelet_start::propose_file("kubeadm-flags.env", what, &kept)?;
    }
    Ok(())
}

/// Returns the content of `kubeadm-flags.env` without these flags.
fn without_flags(flags: &str, removed: &[&str]) -> String {
    let Some((name, value)) = flags.split_once('=') else {
        return flags.to_owned();
    };
    let words = value.trim().trim_matches('"');
    let is_removed = |word: &&str| {
        let flag = word
            .strip_prefix("--")
            .and_then(|flag| flag.split_once('='));
        flag.is_some_and(|(name, _)| removed.contains(&name))
    };
    if !words.split_whitespace().any(|word| is_removed(&word)) {
        return flags.to_owned();
    }
    let kept: Vec<&str> = words
        .split_whitespace()
        .filter(|word| !is_removed(word))
        .collect();
    format!("{name}=\"{}\"\n", kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::{SOCKET_FLAG, kubelet::PAUSE_IMAGE_FLAG, without_flags};

    #[test]
    fn flags_are_taken_out_of_the_file() {
        let both = [SOCKET_FLAG, PAUSE_IMAGE_FLAG];
        for (flags, expected) in [
            (
                "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock \
                 --node-ip=192.0.2.7 --pod-infra-container-image=registry.k8s.io/pause:3.10\"\n",
                "KUBELET_KUBEADM_ARGS=\"--node-ip=192.0.2.7\"\n",
            ),
            (
                "KUBELET_KUBEADM_ARGS=\"--pod-infra-container-image=registry.k8s.io/pause:3.10\"\n",
                "KUBELET_KUBEADM_ARGS=\"\"\n",
            ),
            (
                "KUBELET_KUBEADM_ARGS=\"--v=2\"\n",
                "KUBELET_KUBEADM_ARGS=\"--v=2\"\n",
            ),
            ("", ""),
        ] {
            assert_eq!(without_flags(flags, &both), expected);
        }
        let socket = "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock\"\n";
        assert_eq!(without_flags(socket, &[PAUSE_IMAGE_FLAG]), socket);
    }
}
