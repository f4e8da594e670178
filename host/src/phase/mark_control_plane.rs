//! `mark-control-plane`: the labels and taints of a control-plane node.
use crate::render::{kubelet, objects};
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, config, effects_cluster, effects_core, failure, input, json,
    kubeadm::Config,
    observe_cluster, say,
    spec::{Condition, WaitSpec},
};

/// `mark-control-plane`
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn mark_node() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let name = config.init.node_registration.name.clone();
    let node = ObjectRef {
        api_version: "v1".into(),
        kind: "Node".into(),
        namespace: None,
        name: name.clone(),
    };
    let taints = config
        .init
        .node_registration
        .taints
        .as_deref()
        .unwrap_or_default();
    if input::round() > 0 {
        let current = observe_cluster::get_object(&node)?.unwrap_or_default();
        let current = serde_json::from_str(&current).map_err(|e| {
            failure(
                kubephase_sdk::FailureCode::Invalid,
                format!("the Node {name}: {e}"),
            )
        })?;
        effects_cluster::patch_object(&node, &objects::node_patch(&current, taints).to_string())?;
        return Ok(Outcome::Settled);
    }
    let marking = format!("Marking the node {name} as control-plane by adding the");
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
    let timeout = config
        .init
        .timeouts
        .as_ref()
        .and_then(|timeouts| timeouts.kubernetes_api_call)
        .unwrap_or_default();
    let condition = Condition::NodeRegistered { name };
    effects_core::wait_until(&json(&WaitSpec {
        condition,
        timeout_seconds: timeout.as_secs(),
    }))?;
    Ok(Outcome::Again)
}
