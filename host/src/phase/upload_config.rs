//! `upload-config/*`: stores the configuration in the cluster, for nodes that join or are upgraded.
use super::mark_control_plane::{propose_wait_for_node, read_node};
use crate::render::{kubelet, objects};
use kubephase_sdk::{
    Failure, Outcome, config, effects_cluster, input, kubeadm::Config, say, settings,
};
use serde_json::{Map, Value};

/// The phase `upload-config/kubeadm`: proposes the ConfigMap with the ClusterConfiguration, and the
/// rights to read it.
///
/// # Errors
/// `not-found` if the kubeconfig does not exist; or the host cannot answer a question, or refuses a
/// proposal.
pub fn upload_cluster_configuration() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    super::require_kubeconfig(&config)?;
    say(
        "Storing the configuration used in ConfigMap \"kubeadm-config\" in the \"kube-system\" \
         Namespace",
    );
    super::apply_all(objects::kubeadm_config(&config))?;
    Ok(Outcome::Settled)
}

/// The phase `upload-config/kubelet`: proposes the ConfigMap with the configuration of the
/// kubelets. In releases that keep the socket of the container runtime in the cluster, the Node
/// gets it as an annotation.
///
/// # Errors
/// `not-found` if the kubeconfig or the Node does not exist; or the host cannot answer a question,
/// or refuses a proposal.
pub fn upload_kubelet_configuration() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if input::round() > 0 {
        let (node, current) = read_node(&config)?;
        let socket = &config.init.node_registration.cri_socket;
        let patch = objects::socket_patch(&current, socket);
        effects_cluster::patch_object(&node, &patch.to_string())?;
        return Ok(Outcome::Settled);
    }
    super::require_kubeconfig(&config)?;
    say(
        "[kubelet] Creating a ConfigMap \"kubelet-config\" in namespace kube-system with the \
         configuration for the kubelets in the cluster",
    );
    super::apply_all(objects::kubelet_config(&config))?;
    if !kubelet::annotates_socket(&config) {
        return Ok(Outcome::Settled);
    }
    propose_wait_for_node(&config)?;
    Ok(Outcome::Again)
}

/// Id of the phase that stores the PhaseConfiguration.
pub const PHASES: &str = "upload-config/phases";

/// The phase `upload-config/phases`: proposes the ConfigMap with the plugins by digest, the phases
/// that they replace, and the waivers, for nodes that join. The host gives them to this phase as
/// its settings.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn upload_phase_configuration() -> Result<Outcome, Failure> {
    let phases: Map<String, Value> = settings()?;
    if phases.is_empty() {
        return Ok(Outcome::Skipped(
            "the configuration has no PhaseConfiguration".into(),
        ));
    }
    say(
        "Storing the PhaseConfiguration in ConfigMap \"kubephase-config\" in the \
         \"kube-system\" Namespace",
    );
    super::apply_all(objects::phase_config(&phases.into()))?;
    Ok(Outcome::Settled)
}
