//! `upload-config/kubelet` and `post-upgrade`.
use super::read;
use crate::{
    phase::{apply_all, mark_control_plane::read_node, require_kubeconfig},
    render::{
        kubelet::{SOCKET_ANNOTATION, annotates_socket},
        objects,
    },
};
use kubephase_sdk::{
    Failure, Outcome, effects_cluster,
    kubeadm::{Config, Upgrade},
    say,
};
use serde_json::json;

/// The phase `upload-config/kubelet` of an upgrade: proposes the ConfigMap with the configuration
/// of the kubelets.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn upload_kubelet_configuration() -> Result<Outcome, Failure> {
    let (config, _) = read()?;
    require_kubeconfig(&config)?;
    say(
        "[kubelet] Creating a ConfigMap \"kubelet-config\" in namespace kube-system with the \
         configuration for the kubelets in the cluster",
    );
    apply_all(objects::kubelet_config(&config))?;
    if !annotates_socket(&config) {
        remove_socket_annotation(&config)?;
    }
    Ok(Outcome::Settled)
}

/// Proposes to remove the socket of the container runtime from this machine's Node, which keeps it
/// in a file now.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn remove_socket_annotation(config: &Config) -> Result<(), Failure> {
    let (node, current) = read_node(config)?;
    if current["metadata"]["annotations"]
        .get(SOCKET_ANNOTATION)
        .is_some()
    {
        let patch = json!({"metadata": {"annotations": {SOCKET_ANNOTATION: null}}});
        effects_cluster::patch_object(&node, &patch.to_string())?;
    }
    Ok(())
}

/// `post-upgrade`: this release has nothing to do after an upgrade. Says which addons were left as
/// they are.
///
/// # Errors
/// The host cannot answer a question.
pub fn finish() -> Result<Outcome, Failure> {
    let (config, upgrade) = read()?;
    lines_about_addons(&config, &upgrade)
        .into_iter()
        .for_each(say);
    Ok(Outcome::Settled)
}

/// Returns kubeadm's lines about addons that this run does not upgrade.
fn lines_about_addons(config: &Config, upgrade: &Upgrade) -> Vec<String> {
    let addons = [
        ("addon/coredns", config.cluster.dns.disabled),
        ("addon/kube-proxy", config.cluster.proxy.disabled),
    ];
    let older = upgrade.older_control_planes.join(" ");
    addons
        .into_iter()
        .filter_map(|(phase, is_disabled)| {
            let skipping = format!("[upgrade/addon] Skipping the {phase} phase.");
            if !upgrade.control_plane {
                Some(format!("{skipping} Not a control plane node."))
            } else if is_disabled {
                Some(format!("{skipping} The addon is disabled."))
            } else if !older.is_empty() {
                Some(format!(
                    "[upgrade/addon] Skipping upgrade of addons because control plane instances \
                     [{older}] have not been upgraded"
                ))
            } else {
                None
            }
        })
        .collect()
}
