//! Reading the ConfigMap `cluster-info`, and the kubeconfig in it.
use crate::{
    backoff::{Backoff, NextTry},
    budget::Budget,
    cancel::Cancel,
    pki::Kubeconfig,
    world::{Cluster, WorldResult, api::UNREACHABLE_REMEDY},
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;
use std::time::Duration;

/// Pause before the second try.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause at first: a new cluster takes a few seconds to sign `cluster-info`.
const BRISK_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause later (kubeadm's interval).
const SLOW_PAUSE: Duration = Duration::from_secs(5);

/// Reads the data of `cluster-info`, and tries again until `check` accepts it.
///
/// # Errors
/// The failure of the last try, when `limit` is over; at once if a further try would not help.
pub(super) fn wait_for_cluster_info(
    cluster: &dyn Cluster,
    limit: Duration,
    check: impl Fn(&Value) -> WorldResult<()>,
) -> WorldResult<Value> {
    // Before the run begins there is no token to cancel it: a signal ends the process.
    let cancel = Cancel::never();
    let mut tries = Backoff {
        first: FIRST_PAUSE,
        brisk: BRISK_PAUSE,
        slow: SLOW_PAUSE,
        limit,
    }
    .start();
    loop {
        let failure = match read(cluster, &check) {
            Ok(data) => return Ok(data),
            Err(failure) if is_final(&failure) => return Err(failure),
            Err(failure) => failure,
        };
        match tries.wait(&cancel) {
            NextTry::Due => {}
            NextTry::Cancelled => {
                return Err(Budget::cancelled_failure("the search for the cluster"));
            }
            NextTry::OutOfTime => return Err(out_of_time(failure)),
        }
    }
}

/// Reads and checks the data once.
fn read(cluster: &dyn Cluster, check: &impl Fn(&Value) -> WorldResult<()>) -> WorldResult<Value> {
    let found = cluster
        .get(&ObjectRef::cluster_info())
        .map_err(explain_long_answer)?;
    let data = match found {
        Some(object) => object["data"].clone(),
        None => {
            let message = "configmaps \"cluster-info\" not found";
            return Err(Failure::new(FailureCode::NotFound, message));
        }
    };
    check(&data)?;
    Ok(data)
}

/// Adds a remedy to the failure of a server whose answer is longer than any API server's.
fn explain_long_answer(failure: Failure) -> Failure {
    if failure.code != FailureCode::Limit {
        return failure;
    }
    let remedy = "what answers at this address is not the API server of a cluster: compare the \
        address with the one that init printed";
    Failure {
        remedy: Some(remedy.into()),
        ..failure
    }
}

/// Whether a further try would fail in the same way.
fn is_final(failure: &Failure) -> bool {
    matches!(
        failure.known_code(),
        Some(
            FailureCode::Limit
                | FailureCode::Forbidden
                | FailureCode::Cancelled
                | FailureCode::Denied
        )
    )
}

fn out_of_time(failure: Failure) -> Failure {
    let remedy = "check that this machine can reach the API server, and that kubephase or kubeadm \
        made the cluster; to wait longer, raise timeouts.discovery in the JoinConfiguration";
    Failure {
        message: format!(
            "failed to request the cluster-info ConfigMap: {}",
            failure.message
        ),
        remedy: failure
            .remedy
            .clone()
            .filter(|general| general != UNREACHABLE_REMEDY)
            .or(Some(remedy.into())),
        ..failure
    }
}

/// Returns the server and the authority (PEM) of a kubeconfig's main cluster: the cluster without a
/// name; without one, the cluster of the current context.
pub(super) fn server_and_authority(kubeconfig: &Kubeconfig) -> Option<(String, Option<String>)> {
    let cluster = kubeconfig.main_cluster()?;
    let server = cluster["server"].as_str()?.to_owned();
    let authority = cluster["certificate-authority-data"]
        .as_str()
        .and_then(|data| data_encoding::BASE64.decode(data.as_bytes()).ok())
        .and_then(|pem| String::from_utf8(pem).ok());
    Some((server, authority))
}
