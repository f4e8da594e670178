//! `mark-control-plane`: the labels and taints of a control-plane node.
use super::wait_control_plane;
use crate::render::{kubelet, objects};
use kubephase_sdk::{
    Failure, FailureCode, ObjectRef, Outcome, cluster, config, effects_cluster, failure, input,
    kubeadm::{Config, Taint},
    say,
    spec::Condition,
};
use serde_json::Value;

/// The phase `mark-control-plane`: waits for the Node of this machine, then proposes its labels and
/// taints.
///
/// # Errors
/// `not-found` if the kubeconfig or the Node does not exist; or the host cannot answer a question,
/// or refuses a proposal.
pub fn mark_node() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let registration = &config.init.node_registration;
    let taints = registration.taints.as_deref().unwrap_or_default();
    if input::round() == 0 {
        super::require_kubeconfig(&config)?;
        announce_marks(&registration.name, taints);
        propose_wait_for_node(&config)?;
        return Ok(Outcome::Again);
    }
    let (node, current) = read_node(&config)?;
    let mut patch = objects::node_patch(&current, taints);
    // On the first node, `upload-config/kubelet` has already written the annotation.
    if config.join.is_some() && kubelet::annotates_socket(&config) {
        let socket = objects::socket_patch(&current, &registration.cri_socket);
        if let Some(annotations) = socket.pointer("/metadata/annotations") {
            patch["metadata"]["annotations"] = annotations.clone();
        }
    }
    effects_cluster::patch_object(&node, &patch.to_string())?;
    Ok(Outcome::Settled)
}

/// Prints which labels and taints the Node gets.
fn announce_marks(node: &str, taints: &[Taint]) {
    let marking = format!("Marking the node {node} as control-plane by adding the");
    say(format!(
        "{marking} labels: [{}]",
        objects::CONTROL_PLANE_LABELS.join(" ")
    ));
    if !taints.is_empty() {
        let taints: Vec<String> = taints.iter().map(kubelet::taint).collect();
        say(format!("{marking} taints [{}]", taints.join(" ")));
    }
}

/// Returns the reference of this machine's Node, and the Node in the cluster.
///
/// # Errors
/// `not-found` if the cluster does not have the Node; or the host cannot answer a question.
pub(super) fn read_node(config: &Config) -> Result<(ObjectRef, Value), Failure> {
    let name = &config.init.node_registration.name;
    let node = ObjectRef::node(name.clone());
    match cluster::get_object(&node)? {
        Some(current) => Ok((node, current)),
        None => Err(Failure {
            remedy: Some(
                "look for the Node's name with: kubectl get nodes; name it with --node-name, or \
                 with nodeRegistration.name of the configuration"
                    .into(),
            ),
            ..failure(
                FailureCode::NotFound,
                format!("the Node {name} does not exist in the cluster"),
            )
        }),
    }
}

/// Proposes to wait until the kubelet has registered this machine's Node.
pub(super) fn propose_wait_for_node(config: &Config) -> Result<(), Failure> {
    let timeout = config
        .init
        .timeouts
        .as_ref()
        .and_then(|timeouts| timeouts.kubernetes_api_call)
        .unwrap_or_default();
    let condition = Condition::NodeRegistered {
        name: config.init.node_registration.name.clone(),
    };
    wait_control_plane::propose_wait(condition, timeout.as_secs()).map(drop)
}
