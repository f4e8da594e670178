//! `wait-control-plane`: waits until the kubelet has started the static Pods and each is healthy.
use crate::render::{MANIFESTS, kubelet, static_pod};
use kubephase_sdk::{
    Failure, FailureCode, Outcome, config, effects, effects_core, failure, input, json,
    kubeadm::{Config, Timeouts},
    observe_files,
    release::gate,
    say,
    spec::{Condition, WaitSpec},
};

/// Longer than any kubelet is waited for that started a moment ago, in seconds.
const SYNC_SECONDS: i64 = 120;

/// `wait-control-plane` of `init`: waits until the kubelet is healthy, then until each component of
/// the control plane is.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn wait_until_healthy() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    if input::round() == 0 {
        super::require_kubeconfig(&config)?;
        return start_waiting(&config, &timeouts);
    }
    wait_for_components(&config, &timeouts)?;
    Ok(Outcome::Settled)
}

/// `wait-control-plane` of `join`: waits until each component of this node is healthy if the
/// feature gate `WaitForAllControlPlaneComponents` is on. An earlier phase has waited for the
/// kubelet.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn wait_for_own_components() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if !config.cluster.is_enabled(gate::WAIT_FOR_ALL) {
        return Ok(Outcome::Skipped(format!("{} is off", gate::WAIT_FOR_ALL)));
    }
    wait_for_components(&config, &config.init.timeouts.clone().unwrap_or_default())?;
    Ok(Outcome::Settled)
}

fn wait_for_components(config: &Config, timeouts: &Timeouts) -> Result<(), Failure> {
    let limit = timeouts
        .control_plane_component_health_check
        .unwrap_or_default();
    let names = if config.cluster.is_enabled(gate::WAIT_FOR_ALL) {
        say(format!(
            "[control-plane-check] Waiting for healthy control plane components. This can take \
             up to {limit}"
        ));
        &static_pod::CONTROL_PLANE[..]
    } else {
        say(format!(
            "[api-check] Waiting for a healthy API server. This can take up to {limit}"
        ));
        &static_pod::CONTROL_PLANE[..1]
    };
    for name in names {
        let url = health_url(name, config)?;
        say(format!("[control-plane-check] Checking {name} at {url}"));
        propose_wait(
            Condition::Component {
                name: (*name).into(),
                url,
            },
            limit.as_secs(),
        )?;
    }
    Ok(())
}

/// Returns the URL of a component's health endpoint. It is read from the manifest on disk, because
/// the operator's patches may have changed it.
pub(super) fn health_url(component: &str, config: &Config) -> Result<String, Failure> {
    let path = static_pod::manifest_path(component);
    health_url_of(component, &observe_files::read_file(&path)?, config)
}

/// Returns the URL of a component's health endpoint by its manifest.
///
/// # Errors
/// `invalid` if the manifest is not a Pod.
pub(super) fn health_url_of(
    component: &str,
    manifest: &[u8],
    config: &Config,
) -> Result<String, Failure> {
    std::str::from_utf8(manifest)
        .map_err(|error| error.to_string())
        .and_then(|text| static_pod::health_url(component, text, config))
        .map_err(|why| {
            let path = static_pod::manifest_path(component);
            failure(FailureCode::Invalid, format!("{path}: {why}"))
        })
}

/// Proposes to wait for a healthy kubelet.
pub(super) fn propose_wait_for_kubelet(
    config: &Config,
    timeouts: &Timeouts,
) -> Result<(), Failure> {
    let limit = timeouts.kubelet_health_check.unwrap_or_default();
    match kubelet::health_url(config) {
        Some(url) => {
            let waiting = propose_wait(Condition::Kubelet { url: url.clone() }, limit.as_secs())?;
            effects::announce(
                waiting,
                &format!(
                    "[kubelet-check] Waiting for a healthy kubelet at {url}. This can take up to \
                     {limit}"
                ),
            )
        }
        None => {
            say(
                "[kubelet-check] Skipping the kubelet health check because the healthz port is set \
                 to 0",
            );
            Ok(())
        }
    }
}

/// Proposes to wait until the kubelet has taken over the static Pods that run. This precedes every
/// replacement of their manifests: a run may follow a restart of the kubelet at once.
pub(super) fn propose_wait_for_kubelet_sync(config: &Config) -> Result<(), Failure> {
    let node = config.init.node_registration.name.clone();
    propose_wait(Condition::KubeletSynced { node }, SYNC_SECONDS)?;
    Ok(())
}

fn start_waiting(config: &Config, timeouts: &Timeouts) -> Result<Outcome, Failure> {
    say(format!(
        "Waiting for the kubelet to boot up the control plane as static Pods from directory \
         {MANIFESTS:?}"
    ));
    propose_wait_for_kubelet(config, timeouts)?;
    Ok(Outcome::Again)
}

/// Waits until the API server serves requests of the administrator. It does so before its health
/// endpoint reports that it is healthy.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn wait_for_api() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    let condition = Condition::AdminReady {
        kubeconfig: config.run.kubeconfig.clone(),
        super_admin: format!("{}/super-admin.conf", config.run.kubeconfig_dir),
    };
    // The kubelet has to start first, so its time limit is added.
    let limits = [
        timeouts.kubelet_health_check,
        timeouts.control_plane_component_health_check,
    ];
    let seconds = limits.map(|limit| limit.unwrap_or_default().as_secs());
    propose_wait(condition, seconds.iter().sum())?;
    Ok(Outcome::Settled)
}

/// Proposes to wait for a condition.
pub(super) fn propose_wait(
    condition: Condition,
    timeout_seconds: i64,
) -> Result<kubephase_sdk::Effect, Failure> {
    effects_core::wait_until(&json(&WaitSpec {
        condition,
        timeout_seconds,
    }))
}
