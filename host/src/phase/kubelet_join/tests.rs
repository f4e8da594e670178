use super::*;
use crate::{
    effect::Effect,
    event::Bus,
    run::{
        access::Access,
        session::{RunContext, Session},
    },
    world::fake::FakeWorld,
};
use kubephase_sdk::{Native, spec::WaitSpec, testing::Case};
use kubephase_wit::{Error, phase::Host};
use serde_json::json;
use std::{panic::RefUnwindSafe, sync::Arc};

/// Runs a phase in a cluster that has the Node `node-1`, whose condition `Ready` has the status
/// `ready` (`True` or `False`). Returns the outcome and the proposals.
fn run_phase(
    phase: impl Fn() -> Result<Outcome, Failure> + RefUnwindSafe,
    ready: &str,
) -> (Result<Outcome, Failure>, Vec<Effect>) {
    let node = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "node-1"},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    });
    run_in_cluster(phase, vec![node])
}

/// Runs a phase of the machine `node-1` in a cluster with these objects.
fn run_in_cluster(
    phase: impl Fn() -> Result<Outcome, Failure> + RefUnwindSafe,
    objects: Vec<serde_json::Value>,
) -> (Result<Outcome, Failure>, Vec<Effect>) {
    run_round(0, phase, objects)
}

/// Runs a round of a phase, as [`run_in_cluster`] runs the first.
fn run_round(
    round: u32,
    phase: impl Fn() -> Result<Outcome, Failure> + RefUnwindSafe,
    objects: Vec<serde_json::Value>,
) -> (Result<Outcome, Failure>, Vec<Effect>) {
    let root = tempfile::tempdir().unwrap();
    let world = Arc::new(
        FakeWorld::new(
            &Case {
                objects,
                ..Case::default()
            },
            root.path(),
        )
        .unwrap(),
    );
    let config = json!({
        "join": {"caCertPath": "/etc/kubernetes/pki/ca.crt"},
        "init": {"nodeRegistration": {"name": "node-1"}},
        "kubelet": {"document": {}},
    });
    let shared = Arc::new(RunContext::new(world, Bus::new(Vec::new()), config));
    let session = Session::new(shared, "under-test", &json!({}), Access::BuiltIn);
    session.begin(round);
    let outcome = Native::new(session.clone(), phase)
        .run()
        .map_err(|error| match error {
            Error::Failure(failure) => failure,
            Error::Stop(stop) => panic!("{stop}"),
        });
    (
        outcome,
        session
            .take_proposals()
            .into_iter()
            .map(|proposal| proposal.effect)
            .collect(),
    )
}

#[test]
fn a_name_that_is_taken_is_refused_before_anything_is_written() {
    let (outcome, effects) = run_phase(start, "True");
    let failure = outcome.unwrap_err();
    assert!(
        failure
            .message
            .starts_with("a Node with name \"node-1\" and status \"Ready\" already exists"),
        "{}",
        failure.message
    );
    assert!(
        failure
            .remedy
            .is_some_and(|remedy| remedy.contains("kubectl delete node node-1")
                && remedy.contains("--node-name"))
    );
    assert!(effects.is_empty());
    let (outcome, effects) = run_phase(start, "False");
    assert!(
        outcome.unwrap() == Outcome::Settled && !effects.is_empty(),
        "a node that is down may join again"
    );
}

#[test]
fn a_node_that_does_not_exist_is_named() {
    let read = || {
        let config: Config = config("")?;
        read_node(&config).map(|_| Outcome::Settled)
    };
    let (outcome, _) = run_in_cluster(read, Vec::new());
    let failure = outcome.unwrap_err();
    assert_eq!(failure.code, "not-found");
    assert_eq!(
        failure.message,
        "the Node node-1 does not exist in the cluster"
    );
    assert!(failure.remedy.unwrap().contains("kubectl get nodes"));
}

#[test]
fn a_kubelet_without_a_kubeconfig_is_left_alone() {
    let (outcome, effects) = run_round(1, use_own_api_server, Vec::new());
    let Outcome::Skipped(reason) = outcome.unwrap() else {
        panic!("{effects:?}")
    };
    assert!(reason.contains("kubelet.conf does not exist") && effects.is_empty());
}

#[test]
fn the_kubelet_is_not_restarted_before_all_of_the_control_plane_runs() {
    let (outcome, effects) = run_phase(use_own_api_server, "True");
    assert!(outcome.unwrap() == Outcome::Again);
    let waits = effects.iter().map(Effect::as_kind).collect::<Vec<_>>();
    let [
        Some(WaitSpec {
            condition: Condition::Containers { names },
            ..
        }),
    ] = &waits[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(
        names[..],
        [
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler"
        ]
    );
}
