//! Holding a phase until a condition is met. Polls start at milliseconds and back off: to a tenth
//! of a second while things usually come about, less for what asks nobody else, and to kubeadm's
//! half second after that.
mod kind;

use super::{Context, Done};
use crate::{
    arguments::HttpUrl,
    backoff::{Backoff, NextTry},
    budget::Budget,
    pki::Certificate,
    text::{redact, sanitise},
    world::{Files, Tried, text_file::read_kubeconfig},
};
use kubephase_sdk::spec::{Condition, WaitSpec};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(2);
const BRISK: Duration = Duration::from_millis(100);
/// A refused connection on loopback, or a file that is not there, costs next to nothing.
const CLOSE_BY: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(500);
const REQUEST: Duration = Duration::from_secs(10);
/// Bytes of a health endpoint's answer.
const HEALTH_BYTES: usize = 1 << 20;

/// Returns once the condition holds.
///
/// # Errors
/// `timeout` with the last thing seen, `cancelled`, or at once whatever waiting will not mend.
pub fn until(spec: &WaitSpec, context: &Context) -> Tried<Done> {
    let limit = Duration::from_secs(u64::try_from(spec.timeout_seconds).unwrap_or(0));
    let brisk = match spec.condition {
        Condition::Kubelet { .. } | Condition::Bootstrapped { .. } => CLOSE_BY,
        _ => BRISK,
    };
    let mut tries = Backoff {
        first: FIRST,
        brisk,
        slow: LONGEST,
        limit,
    }
    .start();
    loop {
        let last = match check(&spec.condition, context) {
            Ok(Some(changed)) => {
                let said = told(&spec.condition, tries.elapsed());
                return Ok(Done {
                    said,
                    ..Done::from(changed)
                });
            }
            Ok(None) => "it is not there yet".to_owned(),
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
            NextTry::OutOfTime => {
                let message = format!(
                    "{} did not come about within {}s: {last}",
                    spec.condition,
                    limit.as_secs()
                );
                let remedy = Some(remedy(&spec.condition, context));
                return Err(Failure {
                    retryable: true,
                    remedy,
                    ..Failure::new(FailureCode::Timeout, message)
                });
            }
        }
    }
}

/// Where to look for what went wrong (kubeadm's advice), and the end of the log where that can be
/// had.
fn remedy(condition: &Condition, context: &Context) -> String {
    let socket = &context.config.init.node_registration.cri_socket;
    match condition {
        Condition::Kubelet { .. } | Condition::Bootstrapped { .. } => {
            "The kubelet is not running, \
            or is unhealthy. On a machine with systemd, look at:\n\t- 'systemctl status \
            kubelet'\n\t- 'journalctl -xeu kubelet'"
                .to_owned()
        }
        Condition::EtcdHealthy {} => {
            "etcd takes another member only while more than half of those \
            it has are at work. Look at them on a control plane, with 'etcdctl member list' and \
            'etcdctl endpoint health --cluster'; start what is down, or take out what is gone for \
            good with 'etcdctl member remove'"
                .to_owned()
        }
        _ => {
            let advice = format!(
                "A component of the control plane may have crashed or exited. Look at its \
                 container and its log:\n\t- 'crictl --runtime-endpoint {socket} ps -a | grep kube \
                 | grep -v pause'\n\t- 'crictl --runtime-endpoint {socket} logs CONTAINERID'"
            );
            let logs = failing(context).into_iter().map(|(name, lines)| {
                format!("\n{name} ended; its last words:\n\t{}", lines.join("\n\t"))
            });
            std::iter::once(advice).chain(logs).collect()
        }
    }
}

/// Components of the control plane that do not run, with the end of their last container's log.
fn failing(context: &Context) -> Vec<(String, Vec<String>)> {
    const LINES: usize = 8;
    let runtime = context.world.runtime();
    let containers = runtime.containers().unwrap_or_default();
    let ended = |name: &&str| {
        let mut own: Vec<_> = containers
            .iter()
            .filter(|container| container.name == **name)
            .collect();
        own.sort_by_key(|container| container.attempt);
        let last = own
            .last()
            .filter(|_| own.iter().all(|container| !container.running))?;
        let lines = runtime
            .log(&last.id, LINES)
            .ok()
            .filter(|lines| !lines.is_empty())?;
        let line = |line: &String| sanitise::line(&redact::text(line)).into_owned();
        Some(((*name).to_owned(), lines.iter().map(line).collect()))
    };
    [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]
    .iter()
    .filter_map(ended)
    .collect()
}

/// Whether the condition holds, and whether anything was changed for it; none if it does not hold
/// yet.
fn check(condition: &Condition, context: &Context) -> Tried<Option<bool>> {
    let (net, cluster) = (context.world.net(), context.world.cluster());
    let budget = Budget::new(HEALTH_BYTES, REQUEST, context.cancel);
    let health = |url: &str| {
        net.health(
            &HttpUrl::parse(url).map_err(|why| Failure::new(FailureCode::Invalid, why))?,
            &budget,
        )
    };
    let ok = |status: u16| {
        (status == 200)
            .then_some(false)
            .ok_or_else(|| waiting(format!("it answered {status}")))
            .map(Some)
    };
    match condition {
        Condition::Kubelet { url } => ok(health(url).map_err(retry)?),
        Condition::Component { name, url } if name == "kube-apiserver" => ok(cluster
            .probe(&context.config.run.kubeconfig, url)
            .map_err(retry)?),
        Condition::Component { url, .. } => ok(health(url).map_err(retry)?),
        Condition::NodeRegistered { name } => {
            let node = ObjectRef {
                api_version: "v1".into(),
                kind: "Node".into(),
                namespace: None,
                name: name.clone(),
            };
            let labelled = |node: &serde_json::Value| {
                node.pointer("/metadata/labels/kubernetes.io~1hostname")
                    .is_some()
            };
            Ok(cluster
                .get(&node)?
                .is_some_and(|node| labelled(&node))
                .then_some(false))
        }
        Condition::EtcdHealthy {} => match context.world.etcd().health().map_err(retry)? {
            (well, all) if well * 2 > all => Ok(Some(false)),
            (well, all) => Err(waiting(format!(
                "etcd cluster is not healthy: {well} of its {all} members answer"
            ))),
        },
        Condition::Bootstrapped { kubeconfig } => bootstrapped(kubeconfig, context.world.files()),
        Condition::Containers { names } => match context.world.runtime().containers() {
            Ok(containers) => {
                let runs = |name: &String| {
                    containers
                        .iter()
                        .any(|container| container.running && container.name == *name)
                };
                Ok(names.iter().all(runs).then_some(false))
            }
            Err(failure) if failure.code == FailureCode::NotChecked => Ok(Some(false)),
            Err(failure) => Err(retry(failure)),
        },
        Condition::AdminReady {
            kubeconfig,
            super_admin,
        } => administers(kubeconfig, super_admin, context),
    }
}

/// Whether the kubelet's own kubeconfig names a certificate that is there.
fn bootstrapped(path: &str, files: &dyn Files) -> Tried<Option<bool>> {
    let Some(kubeconfig) = read_kubeconfig(files, path).ok().flatten() else {
        return Ok(None);
    };
    let Some((_, user)) = kubeconfig.user() else {
        return Ok(None);
    };
    match kubeconfig.data(user, "client-certificate", &|path| files.read(path)) {
        Ok(Some(pem)) => Ok(Certificate::from_pem(&String::from_utf8_lossy(&pem))
            .is_ok()
            .then_some(false)),
        _ => Ok(None),
    }
}

/// Whether the holder of admin.conf administers the cluster by now. The binding that says so means
/// something only once the API server has made the role it names, and the namespaces to work in.
fn administers(kubeconfig: &str, super_admin: &str, context: &Context) -> Tried<Option<bool>> {
    let bound = bind(kubeconfig, super_admin, context)?;
    match context
        .world
        .cluster()
        .probe(kubeconfig, "/api/v1/namespaces/kube-public")
    {
        Ok(200) => Ok(Some(bound)),
        Ok(status) => Err(waiting(format!(
            "the API server is not done with its own roles and namespaces: it answered {status}"
        ))),
        Err(failure) => Err(retry(failure)),
    }
}

/// Lets the holder of admin.conf administer the cluster, as kubeadm does: with admin.conf itself if
/// it may, else with super-admin.conf.
fn bind(kubeconfig: &str, super_admin: &str, context: &Context) -> Tried<bool> {
    let binding = crate::render::objects::cluster_admins();
    let cluster = context.world.cluster();
    let created = |outcome: Tried<serde_json::Value>| match outcome {
        Ok(_) => Ok(true),
        Err(failure) if failure.code == FailureCode::AlreadyExists => Ok(false),
        Err(failure) => Err(failure),
    };
    match created(
        cluster
            .with_kubeconfig(kubeconfig)
            .map_err(retry)?
            .create(&binding),
    ) {
        Err(failure) if failure.code == FailureCode::Forbidden => {
            if context.world.files().stat(super_admin)?.is_none() {
                if context.world.bind_admins() {
                    return Ok(true);
                }
                let message = "the ClusterRoleBinding for the kubeadm:cluster-admins Group is \
                    missing but there is no super-admin.conf to create it";
                return Err(Failure {
                    remedy: Some("run the phase kubeconfig/super-admin first".into()),
                    ..Failure::new(FailureCode::Forbidden, message)
                });
            }
            created(cluster.with_kubeconfig(super_admin)?.create(&binding)).map_err(retry)
        }
        outcome => outcome.map_err(retry),
    }
}

/// What cannot be reached yet may be reached soon.
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

fn waiting(message: String) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new(FailureCode::Unavailable, message)
    }
}

fn told(condition: &Condition, after: Duration) -> Vec<String> {
    let after =
        kubephase_sdk::duration::Duration(i64::try_from(after.as_nanos()).unwrap_or(i64::MAX));
    match condition {
        Condition::Kubelet { .. } => vec![format!(
            "[kubelet-check] The kubelet is healthy after {after}"
        )],
        Condition::Component { name, .. } => vec![format!(
            "[control-plane-check] {name} is healthy after {after}"
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
