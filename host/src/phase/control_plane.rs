//! `control-plane/*`: the static Pods of the API server, the controller manager and the scheduler.
use crate::render::{MANIFESTS, static_pod};
use kubephase_sdk::{Failure, Outcome, config, kubeadm::Config, say};

/// `control-plane/apiserver`, `control-plane/controller-manager` and `control-plane/scheduler`:
/// writes the static Pod of one component.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn write_static_pod(component: &str) -> Result<Outcome, Failure> {
    propose_component(component, &config::<Config>("")?)?;
    Ok(Outcome::Settled)
}

/// `control-plane-prepare/control-plane`: writes all three static Pods, after this node's etcd
/// became a member. An API server that starts before its etcd exits, and the kubelet restarts it
/// after longer and longer waits: this costs kubeadm half a minute.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn write_all_static_pods() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    say(format!("Using manifest folder {MANIFESTS:?}"));
    static_pod::CONTROL_PLANE
        .iter()
        .try_for_each(|name| propose_component(name, &config))?;
    Ok(Outcome::Settled)
}

fn propose_component(name: &str, config: &Config) -> Result<(), Failure> {
    let pod = match name {
        "kube-apiserver" => static_pod::kube_apiserver(config),
        "kube-controller-manager" => static_pod::kube_controller_manager(config),
        _ => static_pod::kube_scheduler(config),
    };
    super::propose_static_pod(
        name,
        pod,
        config,
        &format!("Creating static Pod manifest for {name:?}"),
    )
}
