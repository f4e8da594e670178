//! Capsules and recordings.
use crate::{
    canaries::{
        CERTIFICATE_KEY, SETTING, TOKEN_SECRET, assert_clean, calls_that_could_show_secrets,
        trial_with_secrets,
    },
    support::call,
};
use serde_json::json;
use std::{fs, path::PathBuf};

#[test]
fn a_capsule_holds_no_secret_and_only_its_owner_reads_it() {
    let mut round =
        json!({"calls": calls_that_could_show_secrets(), "ending": {"panic": "on purpose"}});
    round["calls"]
        .as_array_mut()
        .unwrap()
        .push(call("observe-files.read-file", json!(["/var/log/app.log"])));
    let trial = trial_with_secrets()
        .grants(&["capability: observe-files.read-file, paths: [/var/log/*]"])
        .rounds(&[round]);
    trial.put(
        "/var/log/app.log",
        format!("joined with --token abcdef.{TOKEN_SECRET} --certificate-key {CERTIFICATE_KEY}\n"),
        0o644,
    );
    let result = trial.preflight();
    assert_eq!(result.status, 4, "{}", result.output());
    let capsules: Vec<PathBuf> = fs::read_dir(trial.folder().join("tmp"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert!(
        !capsules.is_empty(),
        "a plugin that panics leaves a capsule: {}",
        result.output()
    );
    for path in capsules {
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
        assert_clean(
            &path.display().to_string(),
            &fs::read_to_string(&path).unwrap(),
            &[],
        );
    }
}

#[test]
fn only_the_owner_reads_a_recording() {
    let trial = trial_with_secrets().calls(&calls_that_could_show_secrets());
    trial.record();
    let path = trial.folder().join("capsule.json");
    assert_eq!(
        std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777,
        0o600
    );
    assert_clean(
        "the recording",
        &fs::read_to_string(&path).unwrap(),
        &[SETTING],
    );
}
