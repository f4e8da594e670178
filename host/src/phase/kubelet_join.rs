//! The kubelet of a node that joins: started with a token, until it has a certificate of its own.
use super::{control_plane, kubelet_start, wait_control_plane};
use crate::render::kubeconfig::local_url;
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, config, effects, effects_core, effects_files, failure, input,
    kubeadm::Config,
    observe_cluster, observe_files, observe_pki,
    spec::{Condition, KubeconfigFacts},
};
use serde_json::Value;

fn bootstrap(config: &Config) -> String {
    format!("{}/bootstrap-kubelet.conf", config.run.kubeconfig_dir)
}

fn own(config: &Config) -> String {
    format!("{}/kubelet.conf", config.run.kubeconfig_dir)
}

/// `kubelet-start`
pub fn start() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let join = config.join.clone().unwrap_or_default();
    // A kubelet that has its certificate needs no token, and is the node that is there. One
    // that was cut off before has but a kubeconfig.
    let certified = certified(&own(&config));
    if !certified {
        nobody_else(&config)?;
    }
    let mut made = kubelet_start::settings(&config, !join.control_plane)?;
    if observe_files::stat(&join.ca_cert_path)?.is_none() {
        made.push(effects_files::write_file(
            &join.ca_cert_path,
            join.authority_pem.as_bytes(),
        )?);
    }
    // The token comes last: what fails before leaves none behind, and whatever comes after,
    // `WaitBootstrap` removes it.
    if !certified {
        made.push(effects_core::bootstrap_kubeconfig(&bootstrap(&config))?);
    }
    kubelet_start::start(made)?;
    Ok(Outcome::Settled)
}

/// Whether a kubelet has a kubeconfig, and the certificate that it names.
fn certified(kubeconfig: &str) -> bool {
    let facts = observe_pki::kubeconfig(kubeconfig).ok().flatten();
    facts
        .and_then(|text| serde_json::from_str::<KubeconfigFacts>(&text).ok())
        .is_some_and(|facts| facts.credential != "none")
}

/// Whether the name is taken by a node that is at work.
fn nobody_else(config: &Config) -> Result<(), Failure> {
    let name = crate::render::kubelet::node_name(config);
    let of = ObjectRef {
        api_version: "v1".into(),
        kind: "Node".into(),
        namespace: None,
        name: name.into(),
    };
    let node = observe_cluster::get_object(&of).map_err(|error| Failure {
        message: format!("cannot get Node {name:?}: {}", error.message),
        ..error
    })?;
    let node: Value = node
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let ready = node["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|c| c["type"] == "Ready" && c["status"] == "True");
    if ready {
        let message = format!(
            "a Node with name {name:?} and status \"Ready\" already exists in the cluster. You \
             must delete the existing Node or change the name of this new joining Node"
        );
        let remedy = format!(
            "join with --node-name and another name; or, if that node is gone for good: kubectl \
             delete node {name}"
        );
        return Err(Failure {
            remedy: Some(remedy),
            ..failure("already-exists", message)
        });
    }
    Ok(())
}

/// `kubelet-wait-bootstrap`
pub fn wait_for_bootstrap() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    wait_control_plane::kubelet(&config, &timeouts)?;
    let condition = Condition::Bootstrapped {
        kubeconfig: own(&config),
    };
    let waiting = wait_control_plane::wait(
        condition,
        timeouts.tls_bootstrap.unwrap_or_default().as_secs(),
    )?;
    effects::announce(
        waiting,
        "[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap",
    )?;
    // The token is not left lying about, whatever becomes of the kubelet (kubeadm behaviour).
    let removal = effects_files::remove_file(&bootstrap(&config))?;
    effects_core::regardless(removal)?;
    Ok(Outcome::Settled)
}

/// `control-plane-join/kubelet`: a kubelet got its certificate from whichever API server was there,
/// and from now on talks to the one beside it, so that it never talks to one that is older. It is
/// restarted while that one starts, but not while it creates a container of the control plane: one
/// that it loses in the middle it would make anew only after ten seconds.
pub fn use_own_api_server() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if input::round() == 0 {
        let timeouts = config.init.timeouts.clone().unwrap_or_default();
        let limit = timeouts
            .control_plane_component_health_check
            .unwrap_or_default();
        wait_control_plane::wait(
            Condition::Containers {
                names: control_plane::COMPONENTS.map(Into::into).into(),
            },
            limit.as_secs(),
        )?;
        return Ok(Outcome::Again);
    }
    let url = local_url(&config).map_err(|message| failure("invalid", message))?;
    let kubeconfig = effects_core::kubeconfig_server(&own(&config), &url)?;
    kubelet_start::restart([kubeconfig])?;
    Ok(Outcome::Settled)
}

#[cfg(test)]
mod tests;
