//! A Job in the cluster that has to run to its end: kubeadm's check `CreateJob`. The cluster
//! deletes the Job a minute later.
use super::{
    Applied, Context, EffectOutcome,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
};
use crate::{
    backoff::{Backoff, NextTry},
    budget::Budget,
    cancel::Cancel,
    wasm::grant::Grant,
    world::{Cluster, World, WorldResult},
};
use kubephase_sdk::spec::TrialJobSpec;
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::{Value, json};
use std::time::Duration;

/// Time in which the Job has to be created, and then again to be complete.
const JOB_TIME: Duration = Duration::from_secs(60);
/// Seconds for which the Job may run, and for which the cluster keeps it afterwards.
const JOB_SECONDS: u64 = JOB_TIME.as_secs() + 5;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// The pauses between the first looks at the Job: a rehearsed cluster completes it at once.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The beginning of the Job's name, and the name of its container.
const JOB: &str = "upgrade-health-check";
/// The namespace of the Job.
const NAMESPACE: &str = "kube-system";
/// The taint of machines of the control plane, which the Job tolerates.
const CONTROL_PLANE_TAINT: &str = "node-role.kubernetes.io/control-plane";

/// A trial of whether a cluster runs Jobs.
pub struct JobTrial<'a> {
    pub cluster: &'a dyn Cluster,
    /// time for each of the two waits
    limit: Duration,
    /// whether a Job that does not complete counts as one that was not run, because nothing runs
    /// Jobs in a dry run
    is_dry_run: bool,
    cancel: &'a Cancel,
}

/// The result of a trial that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialOutcome {
    Complete,
    /// no node takes Pods, so no Job was created
    NoNode,
    /// nothing runs Jobs in this world
    NotRun,
}

/// kubeadm's warning about a trial without a node.
pub const NO_NODE: &str = "The preflight check \"CreateJob\" was skipped because there are no \
                           schedulable Nodes in the cluster.";

impl<'a> JobTrial<'a> {
    /// Returns a trial in the cluster of a world.
    pub fn new(world: &dyn World, cluster: &'a dyn Cluster, cancel: &'a Cancel) -> JobTrial<'a> {
        JobTrial {
            cluster,
            limit: world.longest_wait().unwrap_or(JOB_TIME).min(JOB_TIME),
            is_dry_run: world.ends_waits_early(),
            cancel,
        }
    }

    /// Creates a Job with an image, and waits until it is complete.
    ///
    /// # Errors
    /// `cancelled`; or the Job cannot be created or does not complete in time: the message is in
    /// kubeadm's words.
    pub fn run(&self, image: &str) -> WorldResult<TrialOutcome> {
        let nodes = self.retry(|| self.cluster.list("v1", "Node", None, None));
        let nodes = nodes.map_err(about(
            "could not check if there is at least one Node that can schedule a test Pod",
        ))?;
        let takes_pods = |node: &Value| node["spec"]["unschedulable"] != true;
        if !nodes.iter().any(takes_pods) {
            return Ok(TrialOutcome::NoNode);
        }
        let name = format!("{JOB}-{}", jiff::Timestamp::now().as_millisecond());
        let manifest = job(&name, image);
        self.retry(|| self.cluster.create(&manifest))
            .map_err(about(&format!(
                "could not create Job {name:?} in the namespace {NAMESPACE:?}"
            )))?;
        match self.retry(|| self.check_complete(&name)) {
            Ok(()) => Ok(TrialOutcome::Complete),
            Err(failure) if failure.code == FailureCode::Cancelled => Err(failure),
            Err(_) if self.is_dry_run => Ok(TrialOutcome::NotRun),
            Err(failure) => Err(about(&format!(
                "Job {name:?} in the namespace {NAMESPACE:?} did not complete in 1m0s"
            ))(failure)),
        }
    }

    fn check_complete(&self, name: &str) -> WorldResult<()> {
        let found = self
            .cluster
            .get(&ObjectRef::namespaced("batch/v1", "Job", NAMESPACE, name))?;
        let job = found.unwrap_or_default();
        let conditions = job["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        let is_complete = conditions.any(|condition| condition["type"] == "Complete");
        is_complete
            .then_some(())
            .ok_or_else(|| Failure::new(FailureCode::Unavailable, "no condition of type Complete"))
    }

    /// Tries until the time is over, or the API server refuses the request for good.
    fn retry<T>(&self, work: impl Fn() -> WorldResult<T>) -> WorldResult<T> {
        let mut tries = Backoff {
            first: FIRST_PAUSE,
            brisk: PAUSE,
            slow: PAUSE,
            limit: self.limit,
        }
        .start();
        loop {
            let outcome = work();
            let is_final = |failure: &Failure| {
                matches!(
                    failure.known_code(),
                    Some(FailureCode::Forbidden | FailureCode::Unauthorized | FailureCode::Invalid)
                )
            };
            if outcome.as_ref().err().is_none_or(is_final) {
                return outcome;
            }
            match tries.wait(self.cancel) {
                NextTry::Due => {}
                NextTry::OutOfTime => return outcome,
                NextTry::Cancelled => return Err(Budget::cancelled_failure("the check CreateJob")),
            }
        }
    }
}

/// Returns a function that puts words before the message of a failure.
fn about(words: &str) -> impl Fn(Failure) -> Failure + use<'_> {
    move |failure| Failure {
        message: format!("{words}: {}", failure.message),
        ..failure
    }
}

/// Returns kubeadm's Job.
fn job(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": JOB_SECONDS,
            "activeDeadlineSeconds": JOB_SECONDS,
            "template": {"spec": {
                "restartPolicy": "Never",
                "securityContext": {"runAsUser": 999, "runAsGroup": 999, "runAsNonRoot": true},
                "tolerations": [{"key": CONTROL_PLANE_TAINT, "effect": "NoSchedule"}],
                "containers": [{"name": JOB, "image": image, "args": ["-v"]}],
            }},
        },
    })
}

impl EffectKind for TrialJobSpec {
    fn properties(&self) -> Properties {
        Properties {
            kind: "job",
            target: Target::Other(format!("{NAMESPACE}/{JOB}")),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let world = context.world;
        let trial = JobTrial::new(world, world.cluster(), context.cancel);
        Ok(match trial.run(&self.image)? {
            TrialOutcome::Complete => Applied::Changed.into(),
            TrialOutcome::NoNode => EffectOutcome {
                warnings: vec![NO_NODE.to_owned()],
                ..Applied::Skipped("no node takes Pods".into()).into()
            },
            TrialOutcome::NotRun => EffectOutcome::with_lines(
                Applied::Skipped("nothing runs Jobs in a dry run".into()),
                [format!(
                    "[upgrade/health] Would create the Job with the prefix {JOB:?} in namespace \
                     {NAMESPACE:?} and wait until it completes"
                )],
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fixed_objects::FixedObjects;

    /// Tries once in a cluster with these objects, which refuses changes.
    fn trial<T>(objects: Vec<Value>, run: impl Fn(&JobTrial<'_>) -> T) -> T {
        run(&JobTrial {
            cluster: &FixedObjects(objects),
            limit: Duration::ZERO,
            is_dry_run: false,
            cancel: &Cancel::never(),
        })
    }

    fn node(unschedulable: bool) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "n"},
            "spec": {"unschedulable": unschedulable},
        })
    }

    #[test]
    fn a_cluster_without_a_node_for_pods_gets_no_job() {
        for objects in [vec![], vec![node(true)]] {
            let outcome = trial(objects, |trial| trial.run("pause:1"));
            assert_eq!(outcome.unwrap(), TrialOutcome::NoNode);
        }
    }

    #[test]
    fn a_job_that_cannot_be_created_is_named() {
        let outcome = trial(vec![node(true), node(false)], |trial| trial.run("pause:1"));
        let message = outcome.unwrap_err().message;
        assert!(
            message.starts_with("could not create Job \"upgrade-health-check-")
                && message.contains("in the namespace \"kube-system\": "),
            "{message}"
        );
    }

    #[test]
    fn only_a_job_with_the_condition_complete_is_complete() {
        let name = "upgrade-health-check-1";
        let with = |conditions: Value| {
            let mut own = job(name, "pause:1");
            own["status"] = json!({"conditions": conditions});
            trial(vec![own], |trial| trial.check_complete(name))
        };
        let complete = json!({"type": "Complete", "status": "True"});
        with(json!([{"type": "SuccessCriteriaMet"}, complete])).unwrap();
        for conditions in [json!([]), json!([{"type": "Failed", "status": "True"}])] {
            let failure = with(conditions).unwrap_err();
            assert_eq!(failure.message, "no condition of type Complete");
        }
    }
}
