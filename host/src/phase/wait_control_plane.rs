//! `wait-control-plane`: until the kubelet has started the static Pods and each of them is healthy.
use super::control_plane::COMPONENTS;
use crate::render::{MANIFESTS, kubelet, static_pod};
use kubephase_sdk::{
    Failure, Outcome, config, effects, effects_core, failure, input, json,
    kubeadm::{Config, Timeouts},
    observe_files, say,
    spec::{Condition, WaitSpec},
};

/// The kubelet, then each component of the control plane.
pub fn wait_until_healthy() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    if input::round() == 0 {
        return kubelet_healthy(&config, &timeouts);
    }
    components(&config, &timeouts)?;
    Ok(Outcome::Settled)
}

/// `wait-control-plane` of a node that joins: its kubelet was waited for before.
pub fn wait_for_own_api() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    components(&config, &config.init.timeouts.clone().unwrap_or_default())?;
    Ok(Outcome::Settled)
}

fn components(config: &Config, timeouts: &Timeouts) -> Result<(), Failure> {
    let limit = timeouts
        .control_plane_component_health_check
        .unwrap_or_default();
    say(format!(
        "[control-plane-check] Waiting for healthy control plane components. This can take up to \
         {limit}"
    ));
    for name in COMPONENTS {
        // What runs is what is on disk, patches and all.
        let path = format!("{MANIFESTS}/{name}.yaml");
        let text = observe_files::read_file(&path)?;
        let url = std::str::from_utf8(&text)
            .map_err(|e| e.to_string())
            .and_then(|text| static_pod::health_url(name, text, config));
        let url = url.map_err(|message| {
            failure(
                kubephase_sdk::FailureCode::Invalid,
                format!("{path}: {message}"),
            )
        })?;
        say(format!("[control-plane-check] Checking {name} at {url}"));
        wait(
            Condition::Component {
                name: name.into(),
                url,
            },
            limit.as_secs(),
        )?;
    }
    Ok(())
}

/// Proposes to wait for a healthy kubelet.
pub(super) fn kubelet(config: &Config, timeouts: &Timeouts) -> Result<(), Failure> {
    let limit = timeouts.kubelet_health_check.unwrap_or_default();
    match kubelet::health_url(config) {
        Some(url) => {
            let waiting = wait(Condition::Kubelet { url: url.clone() }, limit.as_secs())?;
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

fn kubelet_healthy(config: &Config, timeouts: &Timeouts) -> Result<Outcome, Failure> {
    say(format!(
        "Waiting for the kubelet to boot up the control plane as static Pods from directory \
         {MANIFESTS:?}"
    ));
    self::kubelet(config, timeouts)?;
    Ok(Outcome::Again)
}

/// The API server as soon as it does what the admin asks, which is before it calls itself healthy.
pub fn wait_for_api() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    let condition = Condition::AdminReady {
        kubeconfig: config.run.kubeconfig.clone(),
        super_admin: format!("{}/super-admin.conf", config.run.kubeconfig_dir),
    };
    // The kubelet may take its own time first.
    let limit =
        |given: Option<kubephase_sdk::duration::Duration>| given.unwrap_or_default().as_secs();
    wait(
        condition,
        limit(timeouts.kubelet_health_check) + limit(timeouts.control_plane_component_health_check),
    )?;
    Ok(Outcome::Settled)
}

pub(super) fn wait(
    condition: Condition,
    timeout_seconds: i64,
) -> Result<kubephase_sdk::Effect, Failure> {
    effects_core::wait_until(&json(&WaitSpec {
        condition,
        timeout_seconds,
    }))
}
