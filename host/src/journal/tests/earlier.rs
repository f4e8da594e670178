//! Journals of earlier versions.
use super::*;

/// Older versions did not record what phases wait for.
#[test]
fn older_journals_are_read() {
    let header = serde_json::to_string(&Header::new(0)).unwrap();
    let text = format!(
        "{header}\n{{\"at\":1,\"event\":\"run-started\",\"workflow\":\"init\",\"version\":\"0.1.0\",\"phases\":[\"a\"]}}\n"
    );
    let record = parse(Path::new("x"), text.as_bytes()).unwrap();
    let EventKind::RunStarted { needs, .. } = &record.events[0].kind else {
        panic!()
    };
    assert!(needs.is_empty());
}

/// The journal of an `init` of a version whose effects did not say what undoes them, as it was
/// written.
const INIT: &str = r#"{"format":1,"version":"0.1.0","began":1700000000}
{"at":1,"event":"run-started","workflow":"init","version":"v1.36.2","phases":["p"]}
{"at":2,"event":"intended","phase":"p","targets":["/etc/kubernetes/pki/ca.crt"]}
{"at":3,"event":"effect","phase":"p","effect":{"kind":"certificate","target":"/etc/kubernetes/pki/ca.crt","digest":"0"},"result":{"enacted":"changed"},"micros":1,"made":["/etc/kubernetes/pki/ca.crt","/etc/kubernetes/pki/ca.key"],"directories":["/etc/kubernetes","/etc/kubernetes/pki"]}
{"at":4,"event":"effect","phase":"p","effect":{"kind":"service","target":"chrony running","digest":"0"},"result":{"enacted":"changed"},"micros":1}
{"at":5,"event":"effect","phase":"p","effect":{"kind":"service","target":"chrony enabled","digest":"0"},"result":{"enacted":"changed"},"micros":1}
{"at":6,"event":"effect","phase":"p","effect":{"kind":"service","target":"crio running","digest":"0"},"result":{"enacted":"unchanged"},"micros":1}
{"at":7,"event":"effect","phase":"p","effect":{"kind":"service","target":"kubelet restarted","digest":"0"},"result":{"enacted":"changed"},"micros":1}
{"at":8,"event":"effect","phase":"p","effect":{"kind":"bootstrap-kubeconfig","target":"/etc/kubernetes/bootstrap-kubelet.conf","digest":"0"},"result":{"enacted":"changed"},"micros":1,"made":["/etc/kubernetes/bootstrap-kubelet.conf"]}
{"at":9,"event":"run-ended","result":"done","micros":9}
"#;

/// The journal of a `reset` of that version that was cut off.
const RESET: &str = r#"{"format":1,"version":"0.1.0","began":1700000001}
{"at":1,"event":"run-started","workflow":"reset","version":"v1.36.2","phases":["p"]}
{"at":2,"event":"effect","phase":"p","effect":{"kind":"remove-file","target":"/etc/kubernetes/pki/ca.key","digest":"0"},"result":{"enacted":"changed"},"micros":1}
{"at":3,"event":"effect","phase":"p","effect":{"kind":"remove-directory","target":"/etc/kubernetes/pki","digest":"0"},"result":{"enacted":{"left":"it is not empty"}},"micros":1}
{"at":4,"event":"effect","phase":"p","effect":{"kind":"service","target":"chrony stopped","digest":"0"},"result":{"enacted":"changed"},"micros":1}
"#;

/// Their effects say what they are by their kind and target alone.
#[test]
fn effects_of_earlier_versions_are_undone_as_well() {
    let dir = tempfile::tempdir().unwrap();
    for (number, text) in [(1, INIT), (2, RESET)] {
        let name = format!("journal-{number:06}.jsonl");
        fs::write(place(dir.path()).path().join(name), text).unwrap();
    }
    let history = read_history(dir.path());
    assert_eq!(history.warnings, Vec::<String>::new());
    let pki = |name: &str| format!("/etc/kubernetes/pki/{name}");
    let path = |path: &str| path.to_owned();
    let expected = [
        Inverse::RemoveFile(path("/etc/kubernetes/bootstrap-kubelet.conf")),
        Inverse::DisableService("chrony".into()),
        Inverse::RemoveDirectory(path("/etc/kubernetes/pki")),
        Inverse::RemoveDirectory(path("/etc/kubernetes")),
        Inverse::RemoveFile(pki("ca.crt")),
    ];
    let step = |inverse| UndoStep {
        inverse,
        run: 1,
        workflow: "init".into(),
    };
    assert_eq!(history.undo, expected.map(step));
    let is_made = |path: &str| history.made.contains(path);
    assert!(is_made(&pki("ca.crt")) && !is_made(&pki("ca.key")));
    assert!(
        is_made("/etc/kubernetes/kubelet.conf"),
        "the kubelet makes it from its bootstrap kubeconfig"
    );
}

/// A program of an earlier version reads what this version writes: what it relies on is there.
#[test]
fn lines_of_effects_still_have_what_earlier_versions_read() {
    let line: Value = serde_json::from_str(&json::line(&Event {
        at: 1,
        kind: made("/opt/a"),
    }))
    .unwrap();
    assert_eq!(line["made"], serde_json::json!(["/opt/a"]));
    assert_eq!(
        line["footprint"],
        serde_json::json!({"undo": "remove-created"})
    );
}
