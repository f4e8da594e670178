//! `mark-control-plane`: the labels and taints of a control-plane node.
use crate::render::{kubelet, objects};
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, config, effects_cluster, effects_core, failure, input, json,
    kubeadm::Config,
    observe_cluster, say,
    spec::{Condition, WaitSpec},
};
use serde_json::Value;

/// `mark-control-plane`
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn mark_node() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let registration = &config.init.node_registration;
    let taints = registration.taints.as_deref().unwrap_or_default();
    if input::round() > 0 {
        let (node, current) = read_node(&config)?;
        let mut patch = objects::node_patch(&current, taints);
        // `upload-config/kubelet` has annotated the first node.
        if config.join.is_some() && kubelet::annotates_socket(&config) {
            let socket = objects::socket_patch(&current, &registration.cri_socket);
            if let Some(annotations) = socket.pointer("/metadata/annotations") {
                patch["metadata"]["annotations"] = annotations.clone();
            }
        }
        effects_cluster::patch_object(&node, &patch.to_string())?;
        return Ok(Outcome::Settled);
    }
    super::require_kubeconfig(&config)?;
    let marking = format!(
        "Marking the node {} as control-plane by adding the",
        registration.name
    );
    say(format!(
        "{marking} labels: [{}]",
        objects::CONTROL_PLANE_LABELS.join(" ")
    ));
    if !taints.is_empty() {
        say(format!(
            "{marking} taints [{}]",
            taints
                .iter()
                .map(kubelet::taint)
                .collect::<Vec<_>>()
                .join(" ")
        ));
    }
    wait_for_node(&config)?;
    Ok(Outcome::Again)
}

/// Returns the reference of this machine's Node, and the Node in the cluster.
pub(super) fn read_node(config: &Config) -> Result<(ObjectRef, Value), Failure> {
    let name = &config.init.node_registration.name;
    let node = ObjectRef {
        api_version: "v1".into(),
        kind: "Node".into(),
        namespace: None,
        name: name.clone(),
    };
    let current = observe_cluster::get_object(&node)?.unwrap_or_default();
    let current = serde_json::from_str(&current).map_err(|e| {
        failure(
            kubephase_sdk::FailureCode::Invalid,
            format!("the Node {name}: {e}"),
        )
    })?;
    Ok((node, current))
}

/// Waits until the kubelet has registered this machine's Node.
pub(super) fn wait_for_node(config: &Config) -> Result<(), Failure> {
    let timeout = config
        .init
        .timeouts
        .as_ref()
        .and_then(|timeouts| timeouts.kubernetes_api_call)
        .unwrap_or_default();
    let condition = Condition::NodeRegistered {
        name: config.init.node_registration.name.clone(),
    };
    effects_core::wait_until(&json(&WaitSpec {
        condition,
        timeout_seconds: timeout.as_secs(),
    }))?;
    Ok(())
}
