//! Waits for a condition. The pauses between checks begin with 2 ms and double. They grow to 100 ms
//! (10 ms for cheap local checks) in the first 30 seconds, and to kubeadm's 500 ms after that.
mod check;
mod endpoint;
mod kind;
mod kubelet_sync;
mod published;
mod rollout;
mod static_pod;

use super::{Applied, Context, EffectOutcome};
use crate::{
    backoff::{Backoff, NextTry},
    budget::Budget,
    program,
    render::static_pod::COMPONENTS,
    text::{redact, sanitise},
    world::{Container, Runtime, WorldResult},
};
use check::{Check, check};
use kubephase_sdk::spec::{ComponentState, Condition, WaitSpec};
use kubephase_wit::{Failure, FailureCode};
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const BRISK_PAUSE: Duration = Duration::from_millis(100);
/// The pause for checks that cost little: a refused connection on loopback, or a missing file.
const LOCAL_PAUSE: Duration = Duration::from_millis(10);
const SLOW_PAUSE: Duration = Duration::from_millis(500);
/// Number of lines of a component's log that a remedy quotes.
const LOG_LINES: usize = 8;

/// Returns the failure of a check that may succeed later.
fn not_ready(message: String) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new(FailureCode::Unavailable, message)
    }
}

/// Makes a failure retryable if a server that cannot be reached, or a file that does not exist, may
/// be there at the next check.
fn retry(failure: Failure) -> Failure {
    Failure {
        retryable: failure.retryable
            || matches!(
                failure.known_code(),
                Some(FailureCode::Unavailable | FailureCode::NotFound | FailureCode::Io)
            ),
        ..failure
    }
}

/// Waits until the condition holds, or each of its parts has held once. In a world where nothing
/// more will happen, a condition that does not hold in time counts as if it held.
///
/// # Errors
/// `timeout` with the reason of the last check; `cancelled`; or immediately the failure of a check
/// that is not retryable.
pub fn wait_until(spec: &WaitSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let brisk = match spec.condition {
        Condition::Kubelet { .. } | Condition::Bootstrapped { .. } => LOCAL_PAUSE,
        _ => BRISK_PAUSE,
    };
    let mut tries = Backoff {
        first: FIRST_PAUSE,
        brisk,
        slow: SLOW_PAUSE,
        limit: context.wait_limit(spec.timeout_seconds),
    }
    .start();
    let (mut lines, mut has_changed) = (Vec::new(), false);
    let mut parts = spec.condition.parts().iter();
    let mut next = parts.next();
    loop {
        let Some(condition) = next else {
            return Ok(EffectOutcome {
                lines,
                ..EffectOutcome::from(has_changed)
            });
        };
        let last = match check(condition, context) {
            Ok(Check::Holds { changed }) => {
                lines.extend(lines_about(condition, tries.elapsed(), context));
                has_changed |= changed;
                next = parts.next();
                continue;
            }
            Ok(Check::NotYet) => "not ready yet".to_owned(),
            Err(failure) if failure.retryable || failure.code == FailureCode::NotFound => {
                failure.message
            }
            Err(failure) => return Err(failure),
        };
        match tries.wait(context.cancel) {
            NextTry::Due => {}
            NextTry::Cancelled => {
                let what = format!("the wait for {condition}");
                return Err(Budget::cancelled_failure(&what));
            }
            NextTry::OutOfTime if context.world.ends_waits_early() => {
                return Ok(skip_wait(&spec.condition.to_string()));
            }
            NextTry::OutOfTime => {
                let remedy = remedy(condition, context);
                let what = condition.to_string();
                return Err(timeout_failure(&what, spec.timeout_seconds, &last, remedy));
            }
        }
    }
}

/// Returns the result of a wait that is not carried out, because nothing more will happen in this
/// world: the condition counts as if it held.
pub(super) fn skip_wait(what: &str) -> EffectOutcome {
    EffectOutcome::with_lines(
        Applied::Skipped("a dry run does not wait for what it does not start".into()),
        [format!("[dryrun] Would wait for {what}")],
    )
}

/// Returns the failure of a wait that lasted too long. `last` is the reason of the last check.
pub(super) fn timeout_failure(what: &str, seconds: i64, last: &str, remedy: String) -> Failure {
    let seconds = seconds.max(0);
    let message = format!("waiting for {what} timed out after {seconds}s: {last}");
    Failure {
        retryable: true,
        remedy: Some(remedy),
        ..Failure::new(FailureCode::Timeout, message)
    }
}

/// Returns where to look for the reason (kubeadm's advice), and the end of the logs of components
/// that failed.
fn remedy(condition: &Condition, context: &Context) -> String {
    let socket = &context.config.init.node_registration.cri_socket;
    match condition {
        Condition::Kubelet { .. }
        | Condition::KubeletSynced { .. }
        | Condition::Bootstrapped { .. } => "The kubelet is not running, \
            or is unhealthy. On a machine with systemd, look at:\n\t- 'systemctl status \
            kubelet'\n\t- 'journalctl -xeu kubelet'"
            .to_owned(),
        Condition::EtcdHealthy {} => "etcd accepts another member only while more than half of \
            its members work. Look at them on a control plane, with 'etcdctl member list' and \
            'etcdctl endpoint health --cluster'; start the members that are down, or remove those \
            that are gone for good with 'etcdctl member remove'"
            .to_owned(),
        Condition::ControlPlaneAnswers { url, .. } => format!(
            "Let {url} lead to the API servers of the control plane, and let their certificates \
             have its name: add it to apiServer.certSANs, and run '{}' on one and then '{}' on \
             each other machine of the control plane. Change controlPlaneEndpoint after that",
            program::command("apply --config FILE"),
            program::command("apply")
        ),
        Condition::RolledOut { workload, name } => format!(
            "Look which Pods are not replaced, and why; those of a node that is gone for good go \
             with its Node:\n\t- 'kubectl -n kube-system rollout status {workload}/{name}'\n\t- \
             'kubectl -n kube-system get pods -o wide'"
        ),
        _ => {
            let advice = format!(
                "A component of the control plane may have crashed or exited. Look at its \
                 container and its log:\n\t- 'crictl --runtime-endpoint {socket} ps -a | grep kube \
                 | grep -v pause'\n\t- 'crictl --runtime-endpoint {socket} logs CONTAINERID'"
            );
            let logs = logs_of_stopped_components(context)
                .into_iter()
                .map(|(name, lines)| {
                    let lines = lines.join("\n\t");
                    format!("\n{name} stopped; the end of its log:\n\t{lines}")
                });
            std::iter::once(advice).chain(logs).collect()
        }
    }
}

/// Returns the components of the control plane whose last container has stopped, each with the end
/// of its log.
fn logs_of_stopped_components(context: &Context) -> Vec<(String, Vec<String>)> {
    let states = component_states(context.world.runtime()).unwrap_or_default();
    let stopped = states.into_iter().filter(|state| !state.log.is_empty());
    stopped.map(|state| (state.name, state.log)).collect()
}

/// Returns the components of the control plane that have a container, as the container runtime
/// shows them.
///
/// # Errors
/// The container runtime does not answer.
pub fn component_states(runtime: &dyn Runtime) -> WorldResult<Vec<ComponentState>> {
    let containers = runtime.containers()?;
    let names = COMPONENTS.iter().map(|(name, _)| *name);
    Ok(names
        .filter_map(|name| component_state(name, &containers, runtime))
        .collect())
}

/// Returns the state of a component; `None` if it has no container.
fn component_state(
    name: &str,
    containers: &[Container],
    runtime: &dyn Runtime,
) -> Option<ComponentState> {
    let own = containers.iter().filter(|container| container.name == name);
    let last = own.clone().max_by_key(|container| container.attempt)?;
    let running = own.clone().any(|container| container.running);
    let lines = if running {
        Vec::new()
    } else {
        runtime.log(&last.id, LOG_LINES).unwrap_or_default()
    };
    let lines = lines
        .iter()
        .map(|line| sanitise::line(&redact::text(line)).into_owned());
    Some(ComponentState {
        name: name.to_owned(),
        running,
        restarts: last.attempt,
        log: lines.collect(),
    })
}

/// The label of lines about static Pods that an upgrade replaces.
pub const PODS_OF_UPGRADE: &str = "upgrade/staticpods";
/// The label of lines about static Pods that get another configuration.
pub const PODS_OF_APPLY: &str = "apply/control-plane";
/// The label of lines about static Pods that start with other authorities.
pub const PODS_OF_EXCHANGE: &str = "rotate-ca";

/// Returns the lines for the operator about a condition that was found to hold after the time
/// `after`. The lines about the kubelet and about components are kubeadm's.
fn lines_about(condition: &Condition, after: Duration, context: &Context) -> Vec<String> {
    let label = if context.config.reconfiguration.is_some() {
        PODS_OF_APPLY
    } else if context.config.rotation.is_some() {
        PODS_OF_EXCHANGE
    } else {
        PODS_OF_UPGRADE
    };
    let after =
        kubephase_sdk::duration::Duration(i64::try_from(after.as_nanos()).unwrap_or(i64::MAX));
    match condition {
        Condition::Kubelet { .. } => vec![format!(
            "[kubelet-check] The kubelet is healthy after {after}"
        )],
        Condition::Component { name, .. } => vec![format!(
            "[control-plane-check] {name} is healthy after {after}"
        )],
        // Only a kubelet that started a moment ago is waited for.
        Condition::KubeletSynced { .. } if after.as_secs() > 0 => vec![format!(
            "[kubelet-check] The kubelet, which started a moment ago, has taken over the static \
             Pods after {after}"
        )],
        Condition::StaticPodAnswers { component, .. } => vec![format!(
            "[{label}] The new static Pod of {component} answers after {after}"
        )],
        Condition::StaticPodServes { component, .. } if after.as_secs() > 0 => vec![format!(
            "[{label}] The static Pod of {component} answers after {after}"
        )],
        Condition::StaticPod { component, .. } => vec![format!(
            "[{label}] The static Pod of {component} is ready after {after}"
        )],
        Condition::RolledOut { name, .. } => vec![format!(
            "[{label}] All Pods of {name} are new after {after}"
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
