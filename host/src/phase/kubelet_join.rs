//! The kubelet of a node that joins. The kubelet starts with a token, and requests its certificate
//! with the token.
use super::{
    kubelet_start,
    mark_control_plane::{propose_wait_for_node, read_node},
    wait_control_plane,
};
use crate::render::{kubeconfig::local_url, kubelet, objects, static_pod};
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, cluster, config, effects, effects_cluster, effects_core,
    effects_files, failure, input,
    kubeadm::Config,
    observe_files, observe_pki,
    release::gate,
    spec::{Condition, KubeconfigFacts},
};

fn bootstrap_kubeconfig(config: &Config) -> String {
    format!("{}/bootstrap-kubelet.conf", config.run.kubeconfig_dir)
}

fn kubelet_kubeconfig(config: &Config) -> String {
    format!("{}/kubelet.conf", config.run.kubeconfig_dir)
}

/// The phase `kubelet-start` of `join`: proposes the kubelet's settings and a bootstrap kubeconfig,
/// and starts the kubelet.
///
/// # Errors
/// `already-exists` if a ready node has the name; or the host cannot answer a question, or refuses
/// a proposal.
pub fn start() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let join = config.join.clone().unwrap_or_default();
    // A kubelet that has its certificate does not need a token, and its Node exists already. An
    // earlier run that was interrupted may have left a kubeconfig without its certificate.
    let has_certificate = has_client_certificate(&kubelet_kubeconfig(&config));
    if !has_certificate {
        reject_taken_name(&config)?;
    }
    let mut written = kubelet_start::propose_settings(&config, !join.control_plane)?;
    if observe_files::stat(&join.ca_cert_path)?.is_none() {
        written.push(effects_files::write_file(
            &join.ca_cert_path,
            join.authority_pem.as_bytes(),
        )?);
    }
    // The token comes last: a failure before it leaves no token behind, and after it
    // `kubelet-wait-bootstrap` removes the token.
    if !has_certificate {
        written.push(effects_core::bootstrap_kubeconfig(&bootstrap_kubeconfig(
            &config,
        ))?);
    }
    kubelet_start::start(written)?;
    Ok(Outcome::Settled)
}

/// Whether a kubelet has a kubeconfig, and the certificate that it names.
fn has_client_certificate(kubeconfig: &str) -> bool {
    let facts = observe_pki::kubeconfig(kubeconfig).ok().flatten();
    facts
        .and_then(|text| serde_json::from_str::<KubeconfigFacts>(&text).ok())
        .is_some_and(|facts| facts.credential != "none")
}

/// Refuses to join if a ready node has the name.
///
/// # Errors
/// `already-exists`, with the two ways to continue.
fn reject_taken_name(config: &Config) -> Result<(), Failure> {
    let name = crate::render::kubelet::node_name(config);
    let reference = ObjectRef::node(name);
    let node = cluster::get_object(&reference).map_err(|error| Failure {
        message: format!("cannot get Node {name:?}: {}", error.message),
        ..error
    })?;
    let node = node.unwrap_or_default();
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
            ..failure(kubephase_sdk::FailureCode::AlreadyExists, message)
        });
    }
    Ok(())
}

/// The phase `kubelet-wait-bootstrap`: waits until the kubelet has its certificate. In releases
/// that keep the socket of the container runtime in the cluster, the Node of a worker gets it as an
/// annotation; `mark-control-plane` annotates the Node of a control plane.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn wait_for_bootstrap() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if input::round() > 0 {
        let (node, current) = read_node(&config)?;
        let socket = &config.init.node_registration.cri_socket;
        let patch = objects::socket_patch(&current, socket);
        let annotation = effects_cluster::patch_object(&node, &patch.to_string())?;
        // A dry run has no certificate that a real cluster trusts.
        effects_core::attempt(
            annotation,
            "[kubelet-start] The Node could not be annotated with the socket of its container \
             runtime: {}",
        )?;
        return Ok(Outcome::Settled);
    }
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    wait_control_plane::propose_wait_for_kubelet(&config, &timeouts)?;
    let condition = Condition::Bootstrapped {
        kubeconfig: kubelet_kubeconfig(&config),
    };
    let waiting = wait_control_plane::propose_wait(
        condition,
        timeouts.tls_bootstrap.unwrap_or_default().as_secs(),
    )?;
    effects::announce(
        waiting,
        "[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap",
    )?;
    // The token is removed even if the kubelet fails (kubeadm behaviour).
    let removal = effects_files::remove_file(&bootstrap_kubeconfig(&config))?;
    effects_core::regardless(removal)?;
    if config.is_worker() && kubelet::annotates_socket(&config) {
        propose_wait_for_node(&config)?;
        return Ok(Outcome::Again);
    }
    Ok(Outcome::Settled)
}

/// `control-plane-join/kubelet`: makes the kubelet talk to the API server of its own node, so that
/// it never talks to an older API server. Until now it talked to the API server of another node.
/// The kubelet is restarted while its API server starts, but not while it creates a container of
/// the control plane: it would create an interrupted container anew only after ten seconds.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn use_own_api_server() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if !config.cluster.is_enabled(gate::LOCAL_KUBELET) {
        return Ok(Outcome::Skipped(format!("{} is off", gate::LOCAL_KUBELET)));
    }
    if input::round() == 0 {
        let timeouts = config.init.timeouts.clone().unwrap_or_default();
        let limit = timeouts
            .control_plane_component_health_check
            .unwrap_or_default();
        wait_control_plane::propose_wait(
            Condition::Containers {
                names: static_pod::CONTROL_PLANE.map(Into::into).into(),
            },
            limit.as_secs(),
        )?;
        return Ok(Outcome::Again);
    }
    let path = kubelet_kubeconfig(&config);
    if observe_files::stat(&path)?.is_none() {
        // The file is missing only if single phases of the join run. kubeadm's phase does not need
        // it.
        return Ok(Outcome::Skipped(format!("{path} does not exist")));
    }
    let url = local_url(&config)
        .map_err(|message| failure(kubephase_sdk::FailureCode::Invalid, message))?;
    let kubeconfig = effects_core::kubeconfig_server(&path, &url)?;
    kubelet_start::restart([kubeconfig])?;
    Ok(Outcome::Settled)
}

#[cfg(test)]
mod tests;
