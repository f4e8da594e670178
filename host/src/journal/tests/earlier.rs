//! Journals of earlier versions.
use super::*;
use serde_json::Value;

/// Older versions did not record what phases wait for.
#[test]
fn older_journals_are_read() {
    let header = serde_json::to_string(&Header::new(0)).unwrap();
    let text = format!(
        "{header}\n{{\"at\":1,\"event\":\"run-started\",\"workflow\":\"init\",\
         \"version\":\"0.1.0\",\"phases\":[\"a\"]}}\n"
    );
    let mut events = Vec::new();
    parse(Path::new("x"), text.as_bytes(), &mut |event| {
        events.push(event)
    })
    .unwrap();
    let EventKind::RunStarted { needs, .. } = &events[0].kind else {
        panic!()
    };
    assert!(needs.is_empty());
}

/// The journal of an `init` by a version whose effects did not record what undoes them.
const INIT: &str = include_str!("journals/init-0.1.0.jsonl");

/// An interrupted `reset` of the same version: its journal has no `run-ended`.
const RESET: &str = include_str!("journals/reset-0.1.0.jsonl");

/// The effects in [`INIT`] and [`RESET`] have only a kind and a target. `RESET` removed `ca.key`
/// and stopped chrony, so these are not undone again.
#[test]
fn effects_of_earlier_versions_are_undone_as_well() {
    let dir = tempfile::tempdir().unwrap();
    for (number, text) in [(1, INIT), (2, RESET)] {
        let name = format!("journal-{number:06}.jsonl");
        fs::write(state_directory(dir.path()).path().join(name), text).unwrap();
    }
    let history = read_history(dir.path());
    assert_eq!(history.warnings, Vec::<String>::new());
    let expected = [
        Inverse::RemoveFile("/etc/kubernetes/bootstrap-kubelet.conf".into()),
        Inverse::DisableService("chrony".into()),
        Inverse::RemoveDirectory("/etc/kubernetes/pki".into()),
        Inverse::RemoveDirectory("/etc/kubernetes".into()),
        Inverse::RemoveFile("/etc/kubernetes/pki/ca.crt".into()),
    ];
    let expected = expected.map(|inverse| UndoStep {
        inverse,
        run: 1,
        workflow: "init".into(),
    });
    assert_eq!(history.undo, expected);
    let made = &history.made;
    assert!(made.contains("/etc/kubernetes/pki/ca.crt"));
    assert!(!made.contains("/etc/kubernetes/pki/ca.key"));
    assert!(
        made.contains("/etc/kubernetes/kubelet.conf"),
        "the kubelet makes it from its bootstrap kubeconfig"
    );
}

/// A program of an earlier version finds the fields that it relies on in the lines that this
/// version writes.
#[test]
fn lines_of_effects_still_have_the_fields_that_earlier_versions_read() {
    let line: Value = serde_json::from_str(&made_line("/opt/a")).unwrap();
    assert_eq!(line["made"], serde_json::json!(["/opt/a"]));
    assert_eq!(
        line["footprint"],
        serde_json::json!({"undo": "remove-created"})
    );
}
