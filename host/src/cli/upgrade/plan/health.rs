//! The checks of the cluster and of this node, as kubeadm makes them before an upgrade.
use super::checks::HealthCheck;
use crate::{
    backoff::{Backoff, NextTry},
    cancel::Cancel,
    cli::print,
    phase::upgrade::health::{
        CONTROL_PLANE_LABEL, control_plane_selector, problem_of_manifests, problem_of_nodes,
    },
    render::images,
    world::{Cluster, Files, World},
};
use kubephase_sdk::{codes, kubeadm::ClusterConfiguration};
use kubephase_wit::ObjectRef;
use serde_json::{Value, json};
use std::{convert::Infallible, time::Duration};

/// Time for the Job to be created, and again to be complete.
const JOB_TIME: Duration = Duration::from_secs(60);
/// The beginning of the Job's name, and the name of its container.
const JOB: &str = "upgrade-health-check";

/// `IsPrivilegedUser`
pub fn privileges(world: &dyn World) -> HealthCheck {
    let user = world.node().fact("userId");
    let is_root = user.is_some_and(|user| user == 0);
    let problem = (!is_root).then(|| "user is not running as root".to_owned());
    HealthCheck::new(codes::IS_PRIVILEGED_USER, problem)
}

/// `StaticPodManifest`: this node has the manifests of a member of the control plane.
pub fn manifests_exist(files: &dyn Files) -> HealthCheck {
    // A path that cannot be looked at counts as a manifest (kubeadm behaviour).
    let exists = |path: &str| Ok(!files.stat(path).is_ok_and(|file| file.is_none()));
    let Ok::<_, Infallible>(problem) = problem_of_manifests(exists);
    HealthCheck::new(codes::STATIC_POD_MANIFEST, problem)
}

/// `ControlPlaneNodesReady`
pub fn control_planes_ready(cluster: &dyn Cluster) -> HealthCheck {
    let problem = match cluster.list("v1", "Node", None, Some(&control_plane_selector())) {
        Err(failure) => Some(format!(
            "could not list nodes labeled with {CONTROL_PLANE_LABEL:?}: {}",
            failure.to_text()
        )),
        Ok(nodes) => problem_of_nodes(&nodes),
    };
    HealthCheck::new(codes::CONTROL_PLANE_NODES_READY, problem)
}

/// `CreateJob`: a Job runs to its end. It is deleted by the cluster, a minute later. Without a node
/// that takes Pods the check is left out, with a warning.
pub fn create_job(
    world: &dyn World,
    cluster: &dyn Cluster,
    configuration: &ClusterConfiguration,
) -> HealthCheck {
    let limit = world.longest_wait().unwrap_or(JOB_TIME).min(JOB_TIME);
    let trial = JobTrial {
        cluster,
        limit,
        // Where nothing more will happen, a wait without end stands for success.
        takes_for_granted: world.ends_waits_early(),
    };
    HealthCheck::new(codes::CREATE_JOB, trial.run(configuration).err())
}

struct JobTrial<'a> {
    cluster: &'a dyn Cluster,
    limit: Duration,
    takes_for_granted: bool,
}

impl JobTrial<'_> {
    fn run(&self, configuration: &ClusterConfiguration) -> Result<(), String> {
        let listed = || self.cluster.list("v1", "Node", None, None);
        let nodes = self.again(|| listed().map_err(|failure| failure.to_text()));
        let nodes = nodes.map_err(|why| {
            format!(
                "could not check if there is at least one Node that can schedule a test Pod: {why}"
            )
        })?;
        if !nodes
            .iter()
            .any(|node| node["spec"]["unschedulable"] != true)
        {
            print::warning(
                "The preflight check \"CreateJob\" was skipped because there are no schedulable \
                 Nodes in the cluster.",
            );
            return Ok(());
        }
        let name = format!("{JOB}-{}", jiff::Timestamp::now().as_millisecond());
        let manifest = job(&name, &images::pause(configuration));
        let created = || self.cluster.create(&manifest);
        self.again(|| created().map_err(|failure| failure.to_text()))
            .map_err(|why| {
                format!("could not create Job {name:?} in the namespace \"kube-system\": {why}")
            })?;
        let complete = self.again(|| self.is_complete(&name));
        match complete {
            Err(_) if self.takes_for_granted => Ok(()),
            complete => complete.map_err(|why| {
                format!(
                    "Job {name:?} in the namespace \"kube-system\" did not complete in 1m0s: {why}"
                )
            }),
        }
    }

    fn is_complete(&self, name: &str) -> Result<(), String> {
        let found = self.cluster.get(&ObjectRef {
            api_version: "batch/v1".into(),
            kind: "Job".into(),
            namespace: Some("kube-system".into()),
            name: name.to_owned(),
        });
        let job = found
            .map_err(|failure| failure.to_text())?
            .unwrap_or_default();
        let conditions = job["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        let is_complete = conditions.any(|condition| condition["type"] == "Complete");
        is_complete
            .then_some(())
            .ok_or_else(|| "no condition of type Complete".to_owned())
    }

    /// Tries each second, until the time is over.
    fn again<T>(&self, work: impl Fn() -> Result<T, String>) -> Result<T, String> {
        let mut tries = Backoff::every(Duration::from_secs(1), self.limit).start();
        loop {
            let done = work();
            if done.is_ok() || tries.wait(&Cancel::never()) != NextTry::Due {
                return done;
            }
        }
    }
}

/// Returns kubeadm's Job.
fn job(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": 65,
            "activeDeadlineSeconds": 65,
            "template": {"spec": {
                "restartPolicy": "Never",
                "securityContext": {"runAsUser": 999, "runAsGroup": 999, "runAsNonRoot": true},
                "tolerations": [{"key": CONTROL_PLANE_LABEL, "effect": "NoSchedule"}],
                "containers": [{"name": JOB, "image": image, "args": ["-v"]}],
            }},
        },
    })
}
