use super::*;
use crate::{budget::Budget, wasm::limits::MAX_CAPSULE};
use serde_json::json;

fn observe<T: Serialize + DeserializeOwned>(source: &ObservationSource, call: &str, answer: T) {
    source
        .observe(call, json!([call]), || Ok(answer))
        .map(drop)
        .unwrap();
}

/// Returns a capsule of the recording.
fn capsule_of(source: &ObservationSource) -> Capsule {
    let mut capsule = Capsule {
        format: FORMAT,
        ..Capsule::default()
    };
    source.fill(&mut capsule, &Budget::unlimited());
    capsule
}

fn text(capsule: &Capsule) -> String {
    let mut text = Vec::new();
    capsule.write(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn recorded_observations_are_replayed() {
    let source = ObservationSource::recording(0);
    observe(
        &source,
        "observe-files.read-file",
        b"bytes \xc3\xa9".to_vec(),
    );
    observe(
        &source,
        "observe-node.node-fact",
        Some(json!({"a": [1, "b"]})),
    );
    let refused = Failure::new(kubephase_wit::FailureCode::Denied, "no");
    let _ = source.observe::<bool>("observe-net.port-free", json!([1]), || Err(refused.clone()));
    let capsule = capsule_of(&source);
    assert!(!capsule.truncated);
    let read = Capsule::read(&text(&capsule)).unwrap();
    let again = ObservationSource::for_replay(&read.observations);
    assert_eq!(
        again
            .observe::<Vec<u8>>(
                "observe-files.read-file",
                json!(["observe-files.read-file"]),
                || panic!("a replay does not look at the world")
            )
            .unwrap(),
        b"bytes \xc3\xa9".to_vec()
    );
    let fact = again.observe::<Option<Value>>(
        "observe-node.node-fact",
        json!(["observe-node.node-fact"]),
        || panic!("looked"),
    );
    assert_eq!(fact.unwrap(), Some(json!({"a": [1, "b"]})));
    assert_eq!(
        again
            .observe::<bool>("observe-net.port-free", json!([1]), || panic!("looked"))
            .unwrap_err(),
        refused
    );
}

#[test]
fn a_recording_ends_at_its_budget_over_all_rounds_and_says_so() {
    let source = ObservationSource::recording(0);
    for _ in 0..20 {
        observe(&source, "observe-files.read-file", vec![1u8; 1 << 20]);
        observe(
            &source,
            "observe-node.node-fact",
            json!({"options": vec!["y"; 1000]}),
        );
    }
    let capsule = capsule_of(&source);
    assert!(capsule.truncated);
    let text = text(&capsule);
    assert!(text.len() < MAX_CAPSULE, "{} bytes", text.len());
    assert!(capsule.observations.len() >= 4 && text.contains("\"truncated\":true"));
}

#[test]
fn facts_share_the_room_of_a_capsule_with_configuration_and_settings() {
    let fact = "\u{1}".repeat(300 << 10);
    let source = ObservationSource::recording(MAX_CAPSULE / 4);
    for number in 0..4 {
        for _ in 0..2 {
            source.keep_fact("a", &format!("fact-{number}"), &fact);
        }
    }
    observe(&source, "observe-files.read-file", b"x".to_vec());
    let capsule = capsule_of(&source);
    assert_eq!(capsule.facts.len(), 1);
    assert!(capsule.truncated && capsule.observations.is_empty());
    let size = text(&capsule).len();
    assert!(size < MAX_CAPSULE * 3 / 4, "{size} bytes");
}

#[test]
fn an_answer_that_is_a_credential_is_not_kept() {
    let source = ObservationSource::recording(0);
    observe(
        &source,
        "observe-files.read-file",
        b"token: abcdef.0123456789abcdef\n".to_vec(),
    );
    observe(
        &source,
        "observe-cluster.get-object",
        json!({"kind": "Secret", "data": {"a": "Yg=="}}),
    );
    observe(&source, "observe-files.read-file", b"ID=debian\n".to_vec());
    let capsule = capsule_of(&source);
    let observations = capsule.observations.iter();
    let kept: Vec<bool> = observations
        .map(|observation| observation.gave.is_ok())
        .collect();
    assert_eq!(kept, [false, false, true]);
    let written = text(&capsule);
    assert!(!written.contains("0123456789abcdef") && written.contains("bootstrap-token"));
}

#[test]
fn the_values_of_a_runs_secrets_are_blanked_in_all_fields() {
    let source = ObservationSource::recording(0);
    observe(
        &source,
        "observe-net.http-get",
        json!({"status": 200, "body": "the word is hunter2-hunter2"}),
    );
    let mut capsule = Capsule {
        settings: json!({"a": "hunter2-hunter2"}),
        facts: vec![("p".into(), "n".into(), "\"hunter2-hunter2\"".into())],
        failure: "hunter2-hunter2".into(),
        ..capsule_of(&source)
    };
    let mut secrets = Secrets::default();
    secrets.add_settings("own", ["hunter2-hunter2".into()]);
    capsule.blank(&secrets);
    assert!(!text(&capsule).contains("hunter2"));
}

/// Returns a capsule that has bytes as numbers, and says that it is of this format.
fn capsule_of_format(format: u32) -> String {
    json!({
        "format": format,
        "plugin": "p",
        "version": "1.0.0",
        "digest": "",
        "phase": "a",
        "round": 0,
        "settings": {},
        "config": {},
        "facts": [], "failure": "",
        "observations": [{
            "call": "observe-files.read-file",
            "args": ["/a"],
            "gave": {"Ok": [97, 98]},
        }],
    })
    .to_string()
}

#[test]
fn a_capsule_of_format_1_is_read_and_a_capsule_of_a_later_format_is_refused() {
    let old = Capsule::read(&capsule_of_format(1)).unwrap();
    let old = ObservationSource::for_replay(&old.observations);
    assert_eq!(
        old.observe::<Vec<u8>>("observe-files.read-file", json!(["/a"]), || panic!(
            "looked"
        ))
        .unwrap(),
        b"ab"
    );
    let refused = format!("{:#}", Capsule::read(&capsule_of_format(3)).unwrap_err());
    assert!(
        refused.contains("format 3") && refused.contains("formats 1 to 2"),
        "{refused}"
    );
    assert!(Capsule::read("{}").is_err());
}
