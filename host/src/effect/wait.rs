//! Waiting for a condition. The first pause between two checks is two milliseconds. Later pauses
//! are a tenth of a second while most conditions come to hold, and kubeadm's half second after
//! that.
mod check;
mod kind;
mod static_pod;

use super::{Applied, Context, Done};
use crate::{
    backoff::{Backoff, NextTry},
    text::{redact, sanitise},
    world::{Container, Tried},
};
use check::{Check, check};
use kubephase_sdk::spec::{Condition, WaitSpec};
use kubephase_wit::{Failure, FailureCode};
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const BRISK_PAUSE: Duration = Duration::from_millis(100);
/// The pause for checks that cost little: a refused connection on loopback, or a missing file.
const LOCAL_PAUSE: Duration = Duration::from_millis(10);
const SLOW_PAUSE: Duration = Duration::from_millis(500);
/// Lines of a component's log that a remedy quotes.
const LOG_LINES: usize = 8;

/// Returns the failure of a check that may succeed later.
fn not_ready(message: String) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new(FailureCode::Unavailable, message)
    }
}

/// Waits until the condition holds.
///
/// # Errors
/// `timeout` with the reason of the last check, `cancelled`, or at once a failure that waiting does
/// not mend.
pub fn wait_until(spec: &WaitSpec, context: &Context) -> Tried<Done> {
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
    loop {
        let last = match check(&spec.condition, context) {
            Ok(Check::Holds { changed }) => {
                let lines = lines_about(&spec.condition, tries.elapsed());
                return Ok(Done {
                    lines,
                    ..Done::from(changed)
                });
            }
            Ok(Check::NotYet) => "it is not there yet".to_owned(),
            Err(failure) if failure.retryable || failure.code == FailureCode::NotFound => {
                failure.message
            }
            Err(failure) => return Err(failure),
        };
        match tries.wait(context.cancel) {
            NextTry::Due => {}
            NextTry::Cancelled => {
                return Err(Failure::new(
                    FailureCode::Cancelled,
                    format!("the run was cancelled while waiting for {}", spec.condition),
                ));
            }
            NextTry::OutOfTime if context.world.longest_wait().is_some() => {
                return Ok(would_wait(&spec.condition.to_string()));
            }
            NextTry::OutOfTime => return Err(out_of_time(spec, &last, context)),
        }
    }
}

/// Returns the result of a wait that is not carried out, because nothing more will happen in this
/// world: the condition counts as if it held.
pub(super) fn would_wait(what: &str) -> Done {
    Done::with_lines(
        Applied::Skipped("a dry run does not wait for what it does not start".into()),
        [format!("[dryrun] Would wait for {what}")],
    )
}

/// Returns the failure of a condition that did not hold in time.
fn out_of_time(spec: &WaitSpec, last: &str, context: &Context) -> Failure {
    let message = format!(
        "{} did not come about within {}s: {last}",
        spec.condition,
        spec.timeout_seconds.max(0)
    );
    Failure {
        retryable: true,
        remedy: Some(remedy(&spec.condition, context)),
        ..Failure::new(FailureCode::Timeout, message)
    }
}

/// Returns where to look for the reason (kubeadm's advice), and the end of the logs of components
/// that failed.
fn remedy(condition: &Condition, context: &Context) -> String {
    let socket = &context.config.init.node_registration.cri_socket;
    match condition {
        Condition::Kubelet { .. } | Condition::Bootstrapped { .. } => {
            "The kubelet is not running, \
            or is unhealthy. On a machine with systemd, look at:\n\t- 'systemctl status \
            kubelet'\n\t- 'journalctl -xeu kubelet'"
                .to_owned()
        }
        Condition::EtcdHealthy {} => "etcd accepts another member only while more than half of \
            its members work. Look at them on a control plane, with 'etcdctl member list' and \
            'etcdctl endpoint health --cluster'; start the members that are down, or remove those \
            that are gone for good with 'etcdctl member remove'"
            .to_owned(),
        _ => {
            let advice = format!(
                "A component of the control plane may have crashed or exited. Look at its \
                 container and its log:\n\t- 'crictl --runtime-endpoint {socket} ps -a | grep kube \
                 | grep -v pause'\n\t- 'crictl --runtime-endpoint {socket} logs CONTAINERID'"
            );
            let logs = logs_of_ended(context).into_iter().map(|(name, lines)| {
                format!("\n{name} ended; its last words:\n\t{}", lines.join("\n\t"))
            });
            std::iter::once(advice).chain(logs).collect()
        }
    }
}

/// Returns the components of the control plane whose last container has ended, each with the end of
/// its log.
fn logs_of_ended(context: &Context) -> Vec<(String, Vec<String>)> {
    let containers = context.world.runtime().containers().unwrap_or_default();
    [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]
    .into_iter()
    .filter_map(|name| Some((name.to_owned(), log_of_ended(name, &containers, context)?)))
    .collect()
}

/// Returns the end of a component's log; `None` if the component runs, or has no log.
fn log_of_ended(name: &str, containers: &[Container], context: &Context) -> Option<Vec<String>> {
    let mut own: Vec<_> = containers
        .iter()
        .filter(|container| container.name == name)
        .collect();
    own.sort_by_key(|container| container.attempt);
    let last = own
        .last()
        .filter(|_| own.iter().all(|container| !container.running))?;
    let lines = context.world.runtime().log(&last.id, LOG_LINES).ok()?;
    let lines = lines
        .iter()
        .map(|line| sanitise::line(&redact::text(line)).into_owned());
    Some(lines.collect()).filter(|lines: &Vec<String>| !lines.is_empty())
}

/// Returns kubeadm's lines about a condition that holds after this time.
fn lines_about(condition: &Condition, after: Duration) -> Vec<String> {
    let after =
        kubephase_sdk::duration::Duration(i64::try_from(after.as_nanos()).unwrap_or(i64::MAX));
    match condition {
        Condition::Kubelet { .. } => vec![format!(
            "[kubelet-check] The kubelet is healthy after {after}"
        )],
        Condition::Component { name, .. } => vec![format!(
            "[control-plane-check] {name} is healthy after {after}"
        )],
        Condition::StaticPod { component, .. } => vec![format!(
            "[upgrade/staticpods] The static Pod of {component} is ready after {after}"
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
