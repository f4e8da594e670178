//! The components that `certs renew` restarts because they read their certificate only when they
//! start, and those that it waits for.
use super::kubelet_certificate;
use crate::{
    phase::wait_control_plane::{health_url, propose_wait},
    plan::spec::{MAKE_KEY, PhaseSpec},
    render::static_pod::manifest_path,
};
use kubephase_sdk::{
    Failure, Outcome, config, effects, effects_core, json,
    kubeadm::Config,
    observe_files,
    spec::{Condition, RestartSpec},
};

/// The group of the phases that restart components.
pub(super) const RESTART: &str = "restart";
/// The component that everything else talks to.
const API_SERVER: &str = "kube-apiserver";

/// A component that reads its kubeconfig only when it starts, so that it has to be restarted. The
/// API server and etcd read their certificates again when these change.
pub(super) struct Restarted {
    component: &'static str,
    /// name of its kubeconfig
    pub kubeconfig: &'static str,
}

pub(super) const RESTARTED: [Restarted; 2] = [
    Restarted {
        component: "kube-controller-manager",
        kubeconfig: "controller-manager.conf",
    },
    Restarted {
        component: "kube-scheduler",
        kubeconfig: "scheduler.conf",
    },
];

/// Returns the phases, which come after the phase `after`. `phase_id_of` returns the id of the
/// phase that renews a certificate.
pub(super) fn phases(after: &str, phase_id_of: fn(&str) -> String) -> Vec<PhaseSpec> {
    let mut all = vec![PhaseSpec::group(
        RESTART,
        "Restart the components that do not read a renewed certificate by themselves",
        &[],
    )];
    let mut previous = after.to_owned();
    for row in &RESTARTED {
        let id = restart_phase(row);
        let title = format!("Restart {}, and wait until it is healthy", row.component);
        let phase = PhaseSpec::phase(&id, &title, &[], || restart(row));
        all.push(phase.needs(&[&previous, &phase_id_of(row.kubeconfig)]));
        previous = id;
    }
    let title =
        "Sign the kubelet's client certificate anew if it has expired, and restart the kubelet";
    let kubelet = PhaseSpec::phase(
        &format!("{RESTART}/kubelet"),
        title,
        &[],
        kubelet_certificate::renew_expired,
    );
    let kubelet_id = kubelet.id.clone();
    all.push(kubelet.needs(&[&previous]).expected_millis(MAKE_KEY));
    let title = "Wait until the API server answers with its new certificate";
    let id = format!("{RESTART}/wait-for-api-server");
    let answers = PhaseSpec::phase(&id, title, &[], wait_for_api_server);
    all.push(answers.needs(&[&kubelet_id]));
    all
}

/// Returns the id of the phase that restarts a component.
pub(super) fn restart_phase(row: &Restarted) -> String {
    format!("{RESTART}/{}", row.component)
}

/// Returns how many days a certificate that is renewed is valid at most; `None` for any number.
pub(super) fn expiring_within_days<S>(config: &Config<S>) -> Option<u32> {
    config.renewal.as_ref()?.expiring_within_days
}

/// Restarts a component whose kubeconfig this run renewed. If it cannot be restarted, the run goes
/// on with a warning: the certificates are renewed.
fn restart(row: &Restarted) -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let Restarted {
        component,
        kubeconfig,
    } = row;
    let renewed_from = [
        format!("{}/{kubeconfig}", config.run.kubeconfig_dir),
        format!("{}/ca.key", config.cluster.certificates_dir),
    ];
    for path in &renewed_from {
        if observe_files::stat(path)?.is_none() {
            return Ok(Outcome::Skipped(format!("{kubeconfig} was not renewed")));
        }
    }
    let manifest = manifest_path(component);
    if observe_files::stat(&manifest)?.is_none() {
        return Ok(Outcome::Skipped(format!("{manifest} does not exist")));
    }
    let health_url = health_url(component, &config)?;
    let if_renewed = expiring_within_days(&config).map(|_| renewed_from[0].clone());
    let timeouts = config.init.timeouts.unwrap_or_default();
    let limit = timeouts
        .control_plane_component_health_check
        .unwrap_or_default();
    let restart = effects_core::restart_component(&json(&RestartSpec {
        component: (*component).to_owned(),
        health_url,
        timeout_seconds: limit.as_secs(),
        is_awaited_later: false,
        if_renewed,
    }))?;
    effects::announce(
        restart,
        &format!("Restarting {component}. This can take up to {limit}"),
    )?;
    effects_core::attempt(restart, "{}")?;
    Ok(Outcome::Settled)
}

/// Waits until the API server of this node answers the administrator: after a renewal it reads its
/// certificates again, and one whose certificates had expired starts anew. If it does not answer,
/// the run goes on with a warning: the certificates are renewed.
fn wait_for_api_server() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let needed = [manifest_path(API_SERVER), config.run.kubeconfig.clone()];
    for path in &needed {
        if observe_files::stat(path)?.is_none() {
            return Ok(Outcome::Skipped(format!("{path} does not exist")));
        }
    }
    let url = health_url(API_SERVER, &config)?;
    let timeouts = config.init.timeouts.unwrap_or_default();
    let limit = timeouts.control_plane_component_health_check;
    let condition = Condition::Component {
        name: API_SERVER.to_owned(),
        url,
    };
    let waiting = propose_wait(condition, limit.unwrap_or_default().as_secs())?;
    effects_core::attempt(waiting, "{}")?;
    Ok(Outcome::Settled)
}
