//! Whether a kubelet that started a moment ago has taken over the static Pods that run.
//!
//! A kubelet reads the manifests as soon as it starts, and begins to work on their Pods a little
//! later, when the container runtime has answered. A manifest that changes between the two costs
//! two minutes: the kubelet waits for the volumes of the old Pod, which it does not mount any more.
//! No interface of the kubelet says that it is past that point. So the sign is that it has reported
//! the status of its Node, and that it has had some time after that.
use super::{not_ready, retry};
use crate::{arguments::UnitName, effect::Context, world::WorldResult};
use jiff::Timestamp;
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;
use std::time::Duration;

/// Time from the latest report of a young kubelet until it has taken over its Pods. It asks for the
/// status of the runtime with pauses that grow to 5 seconds, and then mounts volumes.
const AFTER_REPORT: Duration = Duration::from_secs(10);
/// The age from which a kubelet has taken over its Pods in any case.
const SETTLED: Duration = Duration::from_secs(60);

/// Checks the kubelet of this machine.
///
/// # Errors
/// It has not taken over its Pods yet; it may later.
pub(super) fn check_kubelet(node: &str, context: &Context) -> WorldResult<()> {
    let kubelet = UnitName::parse("kubelet")
        .map_err(|why| Failure::new(FailureCode::Invalid, why.to_string()))?;
    let Some(age) = context.world.node().service_age(&kubelet) else {
        return Ok(());
    };
    if age >= SETTLED {
        return Ok(());
    }
    let reference = ObjectRef::node(node);
    let object = context.world.cluster().get(&reference).map_err(retry)?;
    check(age, object.as_ref(), Timestamp::now())
}

/// Checks a kubelet of this age by its Node.
fn check(age: Duration, node: Option<&Value>, now: Timestamp) -> WorldResult<()> {
    let started = now - age;
    // The API shows whole seconds.
    match latest_report(node).filter(|report| report.as_second() >= started.as_second()) {
        Some(report) if now >= report + AFTER_REPORT => Ok(()),
        Some(_) => Err(not_ready(
            "it reported a moment ago that it has started".to_owned(),
        )),
        None => Err(not_ready(
            "it has not reported the status of its Node since it started".to_owned(),
        )),
    }
}

/// Returns the time at which the kubelet reported its status last, as its Node says.
fn latest_report(node: Option<&Value>) -> Option<Timestamp> {
    let conditions = node?["status"]["conditions"].as_array()?;
    let times = conditions.iter().filter_map(|condition| {
        let time = condition["lastHeartbeatTime"].as_str()?;
        time.parse().ok()
    });
    times.max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// Returns the reason why a kubelet that started at 0 is waited for at a time, if it reported
    /// at another time.
    fn reason(reported: Option<i64>, now: i64) -> Option<String> {
        let node = reported.map(|seconds| {
            let time = at(seconds).to_string();
            json!({"status": {"conditions": [
                {"type": "DiskPressure", "lastHeartbeatTime": at(-90).to_string()},
                {"type": "Ready", "lastHeartbeatTime": time},
            ]}})
        });
        let age = Duration::from_secs(now.unsigned_abs());
        let failure = check(age, node.as_ref(), at(now)).err()?;
        assert!(failure.retryable);
        Some(failure.message)
    }

    #[test]
    fn a_kubelet_has_time_after_the_first_report_since_its_start() {
        let moment = "it reported a moment ago that it has started";
        let silent = "it has not reported the status of its Node since it started";
        for (reported, now, expected) in [
            (None, 3, Some(silent)),
            (Some(-20), 15, Some(silent)),
            (Some(0), 9, Some(moment)),
            (Some(8), 12, Some(moment)),
            (Some(0), 10, None),
            (Some(8), 18, None),
        ] {
            let found = reason(reported, now);
            assert_eq!(found.as_deref(), expected, "{reported:?} at {now}");
        }
    }
}
