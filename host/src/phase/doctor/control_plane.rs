//! `control-plane`: whether each component of this node's control plane runs and is healthy.
use super::{read, unseen};
use crate::{
    phase::wait_control_plane::health_url,
    render::static_pod::{COMPONENTS, manifest_path},
};
use kubephase_sdk::{
    Failure, FailureCode, Finding, Outcome,
    codes::Family,
    finding::{With, could_not_run, fail, pass},
    kubeadm::Config,
    observe_core, observe_files, report,
    spec::ComponentState,
};

/// The component whose members the phase `etcd-members` asks for their health.
const ETCD: &str = "etcd";

/// The component whose certificate is verified, and which authenticates the run by its kubeconfig.
const API_SERVER: &str = "kube-apiserver";

/// The phase `control-plane`: checks that each component of this node's control plane runs and is
/// healthy.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_components() -> Result<Outcome, Failure> {
    let (config, _) = read()?;
    let states = read_states();
    for (name, _) in COMPONENTS {
        let is_own = name != ETCD || config.cluster.etcd.external.is_none();
        if is_own {
            report::submit(&check_component(name, &states, &config)?);
        }
    }
    Ok(Outcome::Settled)
}

/// Returns the components as the container runtime shows them.
fn read_states() -> Result<Vec<ComponentState>, Failure> {
    let states = observe_core::components()?;
    let parse = |text: &String| serde_json::from_str(text).ok();
    Ok(states.iter().filter_map(parse).collect())
}

fn check_component(
    name: &str,
    states: &Result<Vec<ComponentState>, Failure>,
    config: &Config,
) -> Result<Finding, Failure> {
    let code = Family::COMPONENT.code_for(name);
    let path = manifest_path(name);
    if observe_files::stat(&path)?.is_none() {
        let message = format!("the manifest {path} does not exist, so {name} does not run");
        return Ok(fail(&code, message)
            .evidence("path", &path)
            .remedy(remedy_for_manifest(name)));
    }
    match states {
        Ok(states) => {
            let state = states.iter().find(|state| state.name == name);
            if let Some(finding) = problem_of_state(&code, name, state) {
                return Ok(finding);
            }
        }
        // The health of etcd can be read only from its health endpoint.
        Err(failure) if name == ETCD => return Ok(unseen(&code, failure.clone())),
        Err(_) => {}
    }
    if name == ETCD {
        return Ok(pass(&code, "its container runs"));
    }
    Ok(check_health(&code, name, config))
}

/// Returns the finding about a component without a running container; `None` if it runs.
fn problem_of_state(code: &str, name: &str, state: Option<&ComponentState>) -> Option<Finding> {
    let Some(state) = state else {
        let message = format!("the container runtime has no container of {name}");
        return Some(fail(code, message).remedy(
            "the kubelet starts it from its manifest: mend what the findings about the kubelet \
             and the container runtime say; `journalctl -u kubelet -n 50 --no-pager` says why it \
             does not start this one",
        ));
    };
    if state.running {
        return None;
    }
    let message = format!("the container of {name} does not run");
    let finding = fail(code, message)
        .evidence("restarts", state.restarts)
        .remedy(
            "the end of its log, among the evidence, says why; what it names is most often another \
             finding here (a certificate, etcd, a flag in its manifest)",
        );
    let log = state.log.iter();
    Some(log.fold(finding, |finding, line| finding.evidence("log", line)))
}

fn check_health(code: &str, name: &str, config: &Config) -> Finding {
    let url = match health_url(name, config) {
        Ok(url) => url,
        Err(failure) => {
            let remedy = remedy_for_manifest(name);
            return fail(code, failure.message).remedy(remedy);
        }
    };
    let status = if name == API_SERVER {
        observe_core::api_server_health(&url)
    } else {
        observe_core::component_health(&url)
    };
    let finding = match status {
        Ok(200) => pass(code, "it is healthy"),
        Ok(status) => fail(code, format!("{name} is not healthy: it answers {status}")).remedy(
            format!("`curl -k {url}?verbose` on this machine names the part that is not"),
        ),
        Err(failure) if failure.code == FailureCode::NotChecked => {
            could_not_run(code, failure.message)
        }
        // The API server is asked with a kubeconfig, which may be missing.
        Err(failure) if failure.code == FailureCode::NotFound => Finding {
            remedy: failure.remedy,
            ..could_not_run(code, failure.message)
        },
        Err(failure) => {
            let remedy = format!(
                "look at its container and its log: `crictl ps -a --name {name}`, `crictl logs \
                 CONTAINERID`"
            );
            fail(code, failure.message).remedy(remedy)
        }
    };
    finding.evidence("url", url)
}

fn remedy_for_manifest(name: &str) -> String {
    let phase = match name {
        ETCD => "etcd local".to_owned(),
        name => {
            let stem = name.strip_prefix("kube-").unwrap_or(name);
            format!("control-plane {stem}")
        }
    };
    let command = crate::program::command(&format!("init phase {phase}"));
    format!(
        "put the manifest of a backup there; or write it anew with `{command} --config FILE`, with \
         the configuration of the cluster in FILE"
    )
}
