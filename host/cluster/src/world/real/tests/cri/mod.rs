//! A container runtime that is asked over its socket. `server` is the runtime.
use super::*;
use crate::world::real::cri::Cri;
use server::start_fake_cri;

mod server;

#[test]
fn a_runtime_reports_itself_and_its_images() {
    let (_tokio, _folder, cri) = start_fake_cri(true);
    assert_eq!(
        cri.status().unwrap(),
        serde_json::json!({"name": "fake", "version": "9.9", "sandboxImage": "pause:1"})
    );
    assert_eq!(
        cri.config().unwrap_err().code,
        kubephase_wit::FailureCode::Unimplemented
    );
    assert!(cri.image_present("there:1").unwrap() && !cri.image_present("gone:1").unwrap());
    cri.pull("good:1").unwrap();
    assert_eq!(
        cri.pull("bad:1").unwrap_err().message,
        "failed to pull image bad:1: rpc error: code = NotFound desc = no such image"
    );
}

#[test]
fn containers_have_the_names_of_their_pods() {
    let (_tokio, _folder, cri) = start_fake_cri(true);
    let containers = cri.containers().unwrap();
    assert_eq!(
        containers[0],
        crate::world::Container {
            id: "c0ffee".into(),
            name: "kube-scheduler".into(),
            namespace: "kube-system".into(),
            pod: "kube-scheduler-quince".into(),
            pod_uid: "f00d".into(),
            running: true,
            attempt: 2,
            created: Some(1_800_000_000),
        }
    );
    assert_eq!(
        (containers[1].id.as_str(), containers[1].pod.as_str()),
        ("other", "")
    );
}

#[test]
fn a_container_has_its_time_to_shut_down() {
    let (_tokio, _folder, cri) = start_fake_cri(true);
    for (seconds, expected) in [(10, "c0ffee: 10s"), (0, "c0ffee: 0s")] {
        let grace = std::time::Duration::from_secs(seconds);
        let failure = cri.stop_container("c0ffee", grace).unwrap_err();
        assert!(failure.message.ends_with(expected), "{}", failure.message);
    }
}

#[test]
fn a_sandbox_that_cannot_be_removed_is_reported() {
    let (_tokio, _folder, cri) = start_fake_cri(true);
    assert_eq!(
        cri.remove_sandboxes().unwrap_err().message,
        "pod sandbox busy: rpc error: code = Internal desc = in use"
    );
}

#[test]
fn a_runtime_that_is_not_ready_or_does_not_exist_is_reported() {
    let (tokio, folder, cri) = start_fake_cri(false);
    assert_eq!(
        cri.status().unwrap_err().message,
        "container runtime condition \"RuntimeReady\" is not true. reason: Broken, message: it \
         hurts"
    );
    let missing = Cri::new(
        tokio.handle().clone(),
        &format!("unix://{}/missing.sock", folder.path().display()),
        Cancel::never(),
    );
    let message = missing.status().unwrap_err().message;
    assert!(
        message.starts_with("could not connect to the container runtime: ")
            && message.contains("missing.sock"),
        "{message}"
    );
}
