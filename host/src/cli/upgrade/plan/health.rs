//! The checks of the cluster and of this node, as kubeadm makes them before an upgrade.
use super::checks::HealthCheck;
use crate::{
    backoff::{Backoff, NextTry},
    cancel::Cancel,
    cli::print,
    render::{images, static_pod},
    world::{Cluster, Files, World},
};
use kubephase_sdk::{codes, kubeadm::ClusterConfiguration};
use kubephase_wit::ObjectRef;
use serde_json::{Value, json};
use std::time::Duration;

const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
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
    let paths = static_pod::CONTROL_PLANE.map(static_pod::manifest_path);
    let is_absent = |path: &&String| files.stat(path).is_ok_and(|file| file.is_none());
    let absent: Vec<&str> = paths.iter().filter(is_absent).map(String::as_str).collect();
    let problem =
        (!absent.is_empty()).then(|| format!("manifest files not found: [{}]", absent.join(" ")));
    HealthCheck::new(codes::STATIC_POD_MANIFEST, problem)
}

/// `ControlPlaneNodesReady`
pub fn control_planes_ready(cluster: &dyn Cluster) -> HealthCheck {
    let selector = format!("{CONTROL_PLANE}=");
    let problem = match cluster.list("v1", "Node", None, Some(&selector)) {
        Err(failure) => Some(format!(
            "could not list nodes labeled with {CONTROL_PLANE:?}: {}",
            failure.to_text()
        )),
        Ok(nodes) => {
            let unready = nodes.iter().filter(|node| is_unready(node));
            let unready: Vec<&str> = unready
                .filter_map(|node| node["metadata"]["name"].as_str())
                .collect();
            (!unready.is_empty()).then(|| {
                format!(
                    "there are NotReady control-planes in the cluster: [{}]",
                    unready.join(" ")
                )
            })
        }
    };
    HealthCheck::new(codes::CONTROL_PLANE_NODES_READY, problem)
}

fn is_unready(node: &Value) -> bool {
    conditions(node).any(|condition| condition["type"] == "Ready" && condition["status"] != "True")
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
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
        takes_for_granted: world.longest_wait().is_some(),
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
        let is_complete = conditions(&job).any(|condition| condition["type"] == "Complete");
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
                "tolerations": [{"key": CONTROL_PLANE, "effect": "NoSchedule"}],
                "containers": [{"name": JOB, "image": image, "args": ["-v"]}],
            }},
        },
    })
}
