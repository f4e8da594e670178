use super::*;
use crate::{
    effect::Effect,
    event::Bus,
    run::{
        access::Access,
        session::{RunContext, Session},
    },
    world::{Cluster, Container, Files, Net, Node, Runtime, World, WorldResult, fake::FakeWorld},
};
use kubephase_sdk::{Native, testing::Case};
use kubephase_wit::{FailureCode, phase::Host};
use serde_json::{Value, json};
use std::{panic::RefUnwindSafe, sync::Arc, time::Duration};

/// A world without a container runtime.
struct NoRuntime(FakeWorld);

const REFUSED: &str = "could not connect to the container runtime: no such file";

fn refused<T>() -> WorldResult<T> {
    Err(kubephase_wit::Failure::new(
        FailureCode::Unavailable,
        REFUSED,
    ))
}

impl Runtime for NoRuntime {
    fn status(&self) -> WorldResult<Value> {
        refused()
    }

    fn config(&self) -> WorldResult<Value> {
        refused()
    }

    fn image_present(&self, _: &str) -> WorldResult<bool> {
        refused()
    }

    fn pull(&self, _: &str) -> WorldResult<()> {
        refused()
    }

    fn containers(&self) -> WorldResult<Vec<Container>> {
        refused()
    }

    fn stop_container(&self, _: &str, _: Duration) -> WorldResult<()> {
        refused()
    }

    fn remove_sandboxes(&self) -> WorldResult<usize> {
        refused()
    }

    fn log(&self, _: &str, _: usize) -> WorldResult<Vec<String>> {
        refused()
    }
}

impl World for NoRuntime {
    fn files(&self) -> &dyn Files {
        self.0.files()
    }

    fn node(&self) -> &dyn Node {
        self.0.node()
    }

    fn net(&self) -> &dyn Net {
        self.0.net()
    }

    fn runtime(&self) -> &dyn Runtime {
        self
    }

    fn cluster(&self) -> &dyn Cluster {
        self.0.cluster()
    }
}

/// Runs a check on a machine without a container runtime, where the operator ignores these checks.
/// Returns the codes and texts of the problems that it finds, and the number of its proposals.
fn find(
    check: impl Fn() -> Result<Outcome, Failure> + RefUnwindSafe,
    ignored: &[&str],
) -> (Vec<(String, String)>, usize) {
    let root = tempfile::tempdir().unwrap();
    let world = NoRuntime(FakeWorld::new(&Case::default(), root.path()).unwrap());
    let config = json!({
        "cluster": {"kubernetesVersion": "v1.36.2"},
        "init": {"nodeRegistration": {"name": "a", "ignorePreflightErrors": ignored}},
    });
    let shared = Arc::new(RunContext::new(
        Arc::new(world),
        Bus::new(Vec::new()),
        config,
    ));
    let session = Session::new(shared, "under-test", &json!({}), Access::BuiltIn);
    session.begin(0);
    assert!(Native::new(session.clone(), check).run().is_ok());
    let images: Vec<Effect> = session
        .take_proposals()
        .into_iter()
        .map(|proposal| proposal.effect)
        .collect();
    let found = session.take_findings().into_iter();
    let found = found.map(|finding| (finding.code, finding.summary));
    (found.collect(), images.len())
}

fn problems(codes: &[&str]) -> Vec<(String, String)> {
    let named = codes.iter().map(|code| (*code).to_owned());
    named.map(|code| (code, REFUSED.to_owned())).collect()
}

#[test]
fn a_runtime_that_cannot_be_connected_to_fails_both_of_its_checks() {
    let both = problems(&[codes::CRI, codes::CONTAINER_RUNTIME_VERSION]);
    assert_eq!(find(check_runtime, &[]), (both, 0));
}

/// kubeadm does not pull images if an earlier check failed. If that one is ignored, it says once
/// that it cannot pull.
#[test]
fn images_are_not_pulled_without_a_runtime() {
    assert_eq!(find(pull_images, &[]), (Vec::new(), 0));
    for ignored in ["CRI", "cri", "all"] {
        let once = problems(&[codes::IMAGE_PULL]);
        assert_eq!(find(pull_images, &[ignored]), (once, 0), "{ignored}");
    }
}
