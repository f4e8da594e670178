//! `control-plane/*`: the static Pods of the API server, the controller manager and the scheduler.
use crate::render::{MANIFESTS, static_pod};
use kubephase_sdk::{
    Failure, Outcome, Phase, PhaseInfo, config, failure, input, kubeadm::Config, say,
};

pub struct StaticPod;

impl Phase for StaticPod {
    fn describe() -> PhaseInfo {
        super::info(
            "control-plane",
            "Generates the static Pods of the control plane",
        )
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let id = input::phase_id();
        let name = match id.as_str() {
            "control-plane/apiserver" => "kube-apiserver",
            "control-plane/controller-manager" => "kube-controller-manager",
            "control-plane/scheduler" => "kube-scheduler",
            _ => {
                return Err(failure(
                    "unknown-phase",
                    format!("{id} is no component of the control plane"),
                ));
            }
        };
        propose(name, &config)?;
        Ok(Outcome::Settled)
    }
}

/// `control-plane-prepare/control-plane`: all three, once this node's etcd is a member. An API
/// server that starts before its etcd ends, and waits longer each time before it starts again;
/// kubeadm loses half a minute to that.
pub struct All;

impl Phase for All {
    fn describe() -> PhaseInfo {
        super::info(
            "control-plane",
            "Generates the static Pods of a further member of the control plane",
        )
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        say(format!("Using manifest folder {MANIFESTS:?}"));
        COMPONENTS
            .iter()
            .try_for_each(|name| propose(name, &config))?;
        Ok(Outcome::Settled)
    }
}

/// The static Pods that make a node part of the control plane, beside etcd.
pub(super) const COMPONENTS: [&str; 3] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

fn propose(name: &str, config: &Config) -> Result<(), Failure> {
    let pod = match name {
        "kube-apiserver" => static_pod::kube_apiserver(config),
        "kube-controller-manager" => static_pod::kube_controller_manager(config),
        _ => static_pod::kube_scheduler(config),
    };
    super::static_pod(
        name,
        pod,
        config,
        &format!("Creating static Pod manifest for {name:?}"),
    )
}
