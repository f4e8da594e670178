//! `mark-control-plane`: the labels and taints of a control-plane node.
use crate::render::objects;
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, Phase, PhaseInfo, config, effects_cluster, effects_core, json,
    kubeadm::Config,
    say,
    spec::{Condition, WaitSpec},
};

pub struct MarkControlPlane;

impl Phase for MarkControlPlane {
    fn describe() -> PhaseInfo {
        super::info("mark-control-plane", "Labels and taints the node")
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let name = config.init.node_registration.name.clone();
        let marking = format!("Marking the node {name} as control-plane by adding the");
        say(format!("{marking} labels: [{}]", objects::CONTROL_PLANE_LABELS.join(" ")));
        let taints = config.init.node_registration.taints.as_deref().unwrap_or_default();
        if !taints.is_empty() {
            let shown = |taint: &kubephase_sdk::kubeadm::Taint| match taint.value.as_str() {
                "" => format!("{}:{}", taint.key, taint.effect),
                value => format!("{}={value}:{}", taint.key, taint.effect),
            };
            say(format!("{marking} taints [{}]", taints.iter().map(shown).collect::<Vec<_>>().join(" ")));
        }
        let timeout = config.init.timeouts.as_ref().and_then(|timeouts| timeouts.kubernetes_api_call).unwrap_or_default();
        let condition = Condition::NodeRegistered { name: name.clone() };
        effects_core::wait_until(&json(&WaitSpec { condition, timeout_seconds: timeout.as_secs() }))?;
        let node = ObjectRef { api_version: "v1".into(), kind: "Node".into(), namespace: None, name };
        effects_cluster::patch_object(&node, &objects::node_patch(&config).to_string())?;
        Ok(Outcome::Settled)
    }
}
