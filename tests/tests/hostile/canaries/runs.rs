//! Runs, their events, and the ConfigMap that every node reads.
use crate::{
    canaries::{
        CERTIFICATE_KEY, SETTING, assert_clean, calls_that_could_show_secrets, trial_with_secrets,
    },
    support::Trial,
};
use std::{fs, path::PathBuf};

/// Returns the files that a run left and that are not meant to hold secrets.
fn records(trial: &Trial) -> Vec<(PathBuf, String)> {
    let holds_secrets = [
        "secrets.json",
        "cluster.jsonl",
        "cluster.yaml",
        ".key",
        ".conf",
    ];
    let mut files = trial.all_files(&[]);
    files.retain(|(path, _)| {
        let path = path.to_string_lossy();
        // Static Pods have the proxies with passwords (kubeadm behaviour); only root reads their
        // manifests.
        !path.contains("/etc/kubernetes/manifests/")
            && !holds_secrets.iter().any(|end| path.ends_with(end))
    });
    files
}

#[test]
fn no_secret_is_in_the_output_or_the_records_of_a_run() {
    let trial = trial_with_secrets()
        .calls(&calls_that_could_show_secrets())
        .shown_bytes(30_000);
    let result = trial.rehearse().expect_status(0);
    // The join command is meant to have the token and the key.
    let without_join_command: String = result
        .output()
        .lines()
        .filter(|line| {
            !["--token", "--certificate-key", "hash", "Using token: "]
                .iter()
                .any(|part| line.contains(part))
        })
        .filter(|line| line.trim() != CERTIFICATE_KEY)
        .collect();
    assert_clean("the output", &without_join_command, &[]);
    assert_clean("an answer", &result.answers_text(), &[SETTING]);
    for (path, text) in records(&trial) {
        assert_clean(&path.display().to_string(), &text, &[]);
    }
}

#[test]
fn no_secret_is_in_an_event() {
    let trial = trial_with_secrets().calls(&calls_that_could_show_secrets());
    trial.prepare();
    let result = trial
        .run_in_place(&["rehearse", "-o", "json"])
        .expect_status(0);
    assert_clean("the events", &result.output(), &[]);
}

#[test]
fn settings_are_in_no_object_that_every_node_reads() {
    let trial = trial_with_secrets();
    trial.rehearse().expect_status(0);
    let objects = fs::read_to_string(trial.on_node("/var/lib/kubephase/cluster.jsonl")).unwrap();
    let kept: Vec<&str> = objects
        .lines()
        .filter(|line| line.contains("kubephase-config") && line.contains("configmaps"))
        .collect();
    assert!(
        !kept.is_empty(),
        "the cluster keeps the configuration of plugins"
    );
    for line in kept {
        assert_clean("the ConfigMap kubephase-config", line, &[]);
    }
}
