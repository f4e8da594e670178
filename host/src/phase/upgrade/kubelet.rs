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
const SOCKET_FLAG: &str = "--container-runtime-endpoint=";

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
    if kubelet::node_local_cri_socket(&config) {
        move_socket_to_instance_configuration(&config, &upgrade)?;
    }
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

/// Writes the instance configuration of a node that has none yet, and takes the socket out of the
/// kubelet's flags.
fn move_socket_to_instance_configuration(
    config: &Config,
    upgrade: &Upgrade,
) -> Result<(), Failure> {
    let path = format!("{KUBELET_DIR}/instance-config.yaml");
    if observe_files::stat(&path)?.is_some() {
        return Ok(());
    }
    if let Some(instance) = kubelet::instance_config(config) {
        kubelet_start::propose_file("instance-config.yaml", "configuration", &instance)?;
    }
    let flags = observe_files::read_file(&format!("{KUBELET_DIR}/kubeadm-flags.env"))?;
    let flags = String::from_utf8_lossy(&flags);
    let without = without_socket(&flags);
    if without != flags {
        let directory = BackupKind::Kubelet.directory(upgrade);
        propose_backup(&directory, "kubeadm-flags.env", flags.as_bytes())?;
        let what = "environment file with flags";
        kubelet_start::propose_file("kubeadm-flags.env", what, &without)?;
    }
    Ok(())
}

/// Returns the content of `kubeadm-flags.env` without the socket of the container runtime.
fn without_socket(flags: &str) -> String {
    let Some((name, value)) = flags.split_once('=') else {
        return flags.to_owned();
    };
    let kept: Vec<&str> = value
        .trim()
        .trim_matches('"')
        .split_whitespace()
        .filter(|word| !word.starts_with(SOCKET_FLAG))
        .collect();
    format!("{name}=\"{}\"\n", kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::without_socket;

    #[test]
    fn the_socket_is_taken_out_of_the_flags() {
        for (flags, expected) in [
            (
                "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/c.sock \
                 --node-ip=192.0.2.7\"\n",
                "KUBELET_KUBEADM_ARGS=\"--node-ip=192.0.2.7\"\n",
            ),
            (
                "KUBELET_KUBEADM_ARGS=\"--v=2\"\n",
                "KUBELET_KUBEADM_ARGS=\"--v=2\"\n",
            ),
            ("", ""),
        ] {
            assert_eq!(without_socket(flags), expected);
        }
    }
}
