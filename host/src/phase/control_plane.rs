//! `control-plane/*`: the static Pods of the API server, the controller manager and the scheduler.
use crate::render::static_pod;
use kubephase_sdk::{Failure, Outcome, Phase, PhaseInfo, config, failure, input, kubeadm::Config};

pub struct StaticPod;

impl Phase for StaticPod {
    fn describe() -> PhaseInfo {
        super::info("control-plane", "Generates the static Pods of the control plane")
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let id = input::phase_id();
        let (name, pod) = match id.as_str() {
            "control-plane/apiserver" => ("kube-apiserver", static_pod::kube_apiserver(&config)),
            "control-plane/controller-manager" => ("kube-controller-manager", static_pod::kube_controller_manager(&config)),
            "control-plane/scheduler" => ("kube-scheduler", static_pod::kube_scheduler(&config)),
            _ => return Err(failure("unknown-phase", format!("{id} is no component of the control plane"))),
        };
        super::static_pod(name, pod, &config, &format!("Creating static Pod manifest for {name:?}"))?;
        Ok(Outcome::Settled)
    }
}
