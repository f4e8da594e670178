//! `preflight` of an upgrade: the checks that need the cluster, the container runtime or images.
//! The others are in the default plugin `preflight`. Names, levels and words are kubeadm's.
use super::{coredns::check_corefile, health, read, step::words};
use crate::{
    phase::preflight::{
        CREATE_JOB, GROUP, outcome_without_runtime, report_problem, report_runtime_version,
    },
    plan::spec::PhaseSpec,
    render::images,
};
use kubephase_sdk::{
    Failure, Outcome, cluster, codes, effects_core, effects_images, json, kubeadm::Config,
    observe_files, say, spec::TrialJobSpec,
};

/// Returns the group of checks of `upgrade apply`, with the built-in checks.
pub fn apply_phases(flags: &[&[&str]]) -> Vec<PhaseSpec> {
    let group = PhaseSpec::group(GROUP, "Run preflight checks before upgrade", flags);
    let coredns = PhaseSpec::check(
        "preflight/coredns",
        "The new version of CoreDNS understands the Corefile, or it can be migrated",
        flags,
        check_corefile,
    );
    [
        vec![
            group.accept_plugins().header(header_of_apply),
            coredns,
            job_check(flags),
            health_check(flags),
        ],
        common(flags),
    ]
    .concat()
}

/// Returns the group of checks of `apply`, with the built-in checks.
pub fn reconfigure_phases(flags: &[&[&str]]) -> Vec<PhaseSpec> {
    let group = PhaseSpec::group(GROUP, "Run checks before anything is changed", flags);
    [
        vec![group.accept_plugins(), health_check(flags)],
        common(flags),
    ]
    .concat()
}

/// Returns the group of checks of `upgrade node`, with the built-in checks.
pub fn node_phases(flags: &[&[&str]]) -> Vec<PhaseSpec> {
    let group = PhaseSpec::group(GROUP, "Run upgrade node pre-flight checks", flags);
    [
        vec![group.accept_plugins().header(header_of_node)],
        common(flags),
    ]
    .concat()
}

fn job_check(flags: &[&[&str]]) -> PhaseSpec {
    PhaseSpec::check(
        CREATE_JOB,
        "A Job runs to its end in the cluster",
        flags,
        propose_job,
    )
}

/// `CreateJob`: proposes the Job, and the host waits for its end.
fn propose_job() -> Result<Outcome, Failure> {
    let (config, _) = read()?;
    let image = images::pause(&config.cluster);
    effects_core::trial_job(&json(&TrialJobSpec { image }))?;
    Ok(Outcome::Settled)
}

fn health_check(flags: &[&[&str]]) -> PhaseSpec {
    PhaseSpec::check(
        "preflight/cluster-health",
        "The nodes of the control plane are ready, and its static Pods are there",
        flags,
        check_health,
    )
}

fn common(flags: &[&[&str]]) -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::check(
            "preflight/runtime",
            "The container runtime has what later kubelets need",
            flags,
            check_runtime,
        ),
        PhaseSpec::check(
            "preflight/images",
            "Pull the images of the control plane",
            flags,
            pull_images,
        ),
    ]
}

fn header_of_apply<S>(_: &Config<S>) -> Vec<String> {
    vec!["[upgrade/preflight] Running preflight checks".into()]
}

fn header_of_node<S>(_: &Config<S>) -> Vec<String> {
    vec!["[upgrade/preflight] Running pre-flight checks".into()]
}

fn check_runtime() -> Result<Outcome, Failure> {
    report_runtime_version(&read()?.0);
    Ok(Outcome::Settled)
}

/// `ControlPlaneNodesReady` and `StaticPodManifest`: checks that the Nodes of the control plane are
/// ready, and that this node has the manifests of its static Pods.
fn check_health() -> Result<Outcome, Failure> {
    say(format!(
        "[{}] Running cluster health checks",
        words(&read()?.0).command
    ));
    let selector = health::control_plane_selector();
    let nodes = cluster::list_objects("v1", "Node", None, Some(&selector))?;
    let problem = health::problem_of_nodes(&nodes);
    report_problem(codes::CONTROL_PLANE_NODES_READY, problem);
    let problem =
        health::problem_of_manifests(|path| observe_files::stat(path).map(|file| file.is_some()))?;
    report_problem(codes::STATIC_POD_MANIFEST, problem);
    Ok(Outcome::Settled)
}

/// `ImagePull`: proposes the images, and the host pulls them.
fn pull_images() -> Result<Outcome, Failure> {
    let (config, upgrade) = read()?;
    let label = words(&config).checks;
    if !upgrade.control_plane {
        say(format!(
            "[{label}] Skipping prepull. Not a control plane node."
        ));
        return Ok(Outcome::Skipped(
            "a worker runs nothing of the control plane".into(),
        ));
    }
    if config.init.node_registration.image_pull_policy == "Never" {
        return Ok(Outcome::Skipped("imagePullPolicy is Never".into()));
    }
    if let Some(outcome) = outcome_without_runtime(&config, codes::CONTAINER_RUNTIME_VERSION) {
        return Ok(outcome);
    }
    for line in [
        "Pulling images required for setting up a Kubernetes cluster",
        "This might take a minute or two, depending on the speed of your internet connection",
        "You can also perform this action beforehand using 'kubeadm config images pull'",
    ] {
        say(format!("[{label}] {line}"));
    }
    for image in images::all(&config) {
        effects_images::pull_image(&image)?;
    }
    Ok(Outcome::Settled)
}
