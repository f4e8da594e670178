use super::*;
use serde_json::json;

fn look<T: Serialize + DeserializeOwned>(sight: &Sight, call: &str, answer: T) {
    sight
        .look(call, json!([call]), || Ok(answer))
        .map(drop)
        .unwrap();
}

#[test]
fn what_was_recorded_is_replayed() {
    let sight = Sight::recording();
    look(&sight, "observe-files.read-file", b"bytes \xff".to_vec());
    look(
        &sight,
        "observe-node.node-fact",
        Some(json!({"a": [1, "b"]})),
    );
    let refused = Failure::new("denied", "no");
    let _ = sight.look::<bool>("observe-net.port-free", json!([1]), || Err(refused.clone()));
    let (observations, truncated) = sight.observations();
    assert!(!truncated);
    let written = Capsule {
        format: FORMAT,
        observations,
        ..Capsule::default()
    }
    .to_json();
    let read = Capsule::read(&written).unwrap();
    let again = Sight::replaying(&read.observations);
    let none = || -> Tried<Vec<u8>> { panic!("a replay does not look at the world") };
    assert_eq!(
        again
            .look(
                "observe-files.read-file",
                json!(["observe-files.read-file"]),
                none
            )
            .unwrap(),
        b"bytes \xff".to_vec()
    );
    let fact = again.look::<Option<Value>>(
        "observe-node.node-fact",
        json!(["observe-node.node-fact"]),
        || panic!("looked"),
    );
    assert_eq!(fact.unwrap(), Some(json!({"a": [1, "b"]})));
    assert_eq!(
        again
            .look::<bool>("observe-net.port-free", json!([1]), || panic!("looked"))
            .unwrap_err(),
        refused
    );
}

#[test]
fn a_recording_ends_at_its_budget_over_all_rounds_and_says_so() {
    let sight = Sight::recording();
    for _ in 0..20 {
        look(&sight, "observe-files.read-file", vec![1u8; 1 << 20]);
        look(
            &sight,
            "observe-node.node-fact",
            json!({"options": vec!["y"; 1000]}),
        );
    }
    let (observations, truncated) = sight.observations();
    assert!(truncated);
    let capsule = Capsule {
        format: FORMAT,
        observations,
        truncated,
        ..Capsule::default()
    };
    let size = serde_json::to_string(&capsule).unwrap().len();
    assert!(size < MAX_BYTES + 1024, "{size} bytes");
    assert!(capsule.observations.len() >= 4 && capsule.to_json().contains("\"truncated\": true"));
}

#[test]
fn an_answer_that_is_a_credential_is_not_kept() {
    let sight = Sight::recording();
    look(
        &sight,
        "observe-files.read-file",
        b"token: abcdef.0123456789abcdef\n".to_vec(),
    );
    look(
        &sight,
        "observe-cluster.get-object",
        json!({"kind": "Secret", "data": {"a": "Yg=="}}),
    );
    look(&sight, "observe-files.read-file", b"ID=debian\n".to_vec());
    let (observations, _) = sight.observations();
    let kept: Vec<bool> = observations
        .iter()
        .map(|observation| observation.gave.is_ok())
        .collect();
    assert_eq!(kept, [false, false, true]);
    let written = Capsule {
        format: FORMAT,
        observations,
        ..Capsule::default()
    }
    .to_json();
    assert!(!written.contains("0123456789abcdef") && written.contains("bootstrap-token"));
}

#[test]
fn the_values_of_a_runs_secrets_are_blanked_wherever_they_are() {
    let sight = Sight::recording();
    look(
        &sight,
        "observe-net.http-get",
        json!({"status": 200, "body": "the word is hunter2-hunter2"}),
    );
    let (observations, _) = sight.observations();
    let mut capsule = Capsule {
        format: FORMAT,
        settings: json!({"a": "hunter2-hunter2"}),
        facts: vec![("p".into(), "n".into(), "\"hunter2-hunter2\"".into())],
        failure: "hunter2-hunter2".into(),
        observations,
        ..Capsule::default()
    };
    let mut secrets = Secrets::default();
    secrets.add("hunter2-hunter2".into());
    capsule.blank(&secrets);
    assert!(!capsule.to_json().contains("hunter2"));
}

#[test]
fn a_capsule_of_format_1_is_read_and_one_of_the_future_is_refused() {
    let text = |format: u32| {
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
    };
    let old = Sight::replaying(&Capsule::read(&text(1)).unwrap().observations);
    assert_eq!(
        old.look::<Vec<u8>>("observe-files.read-file", json!(["/a"]), || panic!(
            "looked"
        ))
        .unwrap(),
        b"ab"
    );
    let refused = format!("{:#}", Capsule::read(&text(3)).unwrap_err());
    assert!(
        refused.contains("format 3") && refused.contains("formats 1 to 2"),
        "{refused}"
    );
    assert!(Capsule::read("{}").is_err());
}
