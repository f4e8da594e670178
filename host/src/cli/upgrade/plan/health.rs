//! The checks of the cluster and of this node, as kubeadm makes them before an upgrade.
use super::checks::HealthCheck;
use crate::{
    cancel::Cancel,
    cli::print,
    effect::job::{JobTrial, NO_NODE, TrialOutcome},
    phase::upgrade::health::{
        CONTROL_PLANE_LABEL, control_plane_selector, problem_of_manifests, problem_of_nodes,
    },
    render::images,
    world::{Cluster, Files, World},
};
use kubephase_sdk::{codes, kubeadm::ClusterConfiguration};
use std::convert::Infallible;

/// `IsPrivilegedUser`: checks that the user is root.
pub fn privileges(world: &dyn World) -> HealthCheck {
    let user = world.node().fact("userId");
    let is_root = user.is_some_and(|user| user == 0);
    let problem = (!is_root).then(|| "user is not running as root".to_owned());
    HealthCheck::new(codes::IS_PRIVILEGED_USER, problem)
}

/// `StaticPodManifest`: checks that this node has the manifests of a member of the control plane.
pub fn manifests_exist(files: &dyn Files) -> HealthCheck {
    // A path that cannot be looked at counts as a manifest (kubeadm behaviour).
    let exists = |path: &str| Ok(!files.stat(path).is_ok_and(|file| file.is_none()));
    let Ok::<_, Infallible>(problem) = problem_of_manifests(exists);
    HealthCheck::new(codes::STATIC_POD_MANIFEST, problem)
}

/// `ControlPlaneNodesReady`: checks that the Nodes of the control plane are ready.
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

/// `CreateJob`: checks that a Job can run to its end. The cluster deletes the Job a minute later.
/// If no node takes Pods, the check prints a warning and finds no problem.
pub fn create_job(
    world: &dyn World,
    cluster: &dyn Cluster,
    configuration: &ClusterConfiguration,
) -> HealthCheck {
    let cancel = Cancel::never();
    let trial = JobTrial::new(world, cluster, &cancel);
    let problem = match trial.run(&images::pause(configuration)) {
        Ok(TrialOutcome::NoNode) => {
            print::warning(NO_NODE);
            None
        }
        Ok(TrialOutcome::Complete | TrialOutcome::NotRun) => None,
        Err(failure) => Some(failure.to_text()),
    };
    HealthCheck::new(codes::CREATE_JOB, problem)
}
