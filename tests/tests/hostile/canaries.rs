//! Secrets that are seeded everywhere and searched for everywhere: none of them is in a journal, a
//! capsule, the output in any form, or an object that every node may read.
use crate::support::{Trial, call};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

const TOKEN_SECRET: &str = "canarytoken01234";
const CERTIFICATE_KEY: &str = "ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11";
const SETTING: &str = "canary-of-a-setting";

fn seeded() -> Trial {
    let cluster = format!(
        "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nbootstrapTokens: \
         [{{token: abcdef.{TOKEN_SECRET}}}]\ncertificateKey: {CERTIFICATE_KEY}\n"
    );
    Trial::check()
        .cluster(&cluster)
        .environment("AWS_SECRET_ACCESS_KEY", "canary-cloud")
        .environment("KUBEPHASE_SIGNING_PASSWORD", "canary-signing")
        .environment("KUBEPHASE_REGISTRY_PASSWORD", "canary-registry")
        .environment("HTTPS_PROXY", "http://user:canary-proxy@proxy.example:3128")
        .environment("http_proxy", "http://user:canary-proxy@proxy.example:3128")
        .setting("password", SETTING)
}

/// What may be found nowhere but in the files that are meant to hold it.
const CANARIES: [&str; 8] = [
    "canary-cloud",
    "canary-signing",
    "canary-registry",
    "canary-proxy",
    TOKEN_SECRET,
    CERTIFICATE_KEY,
    SETTING,
    "PRIVATE KEY",
];

fn assert_clean(what: &str, text: &str, but: &[&str]) {
    let reversed: String = text.chars().rev().collect();
    for canary in CANARIES.iter().filter(|canary| !but.contains(canary)) {
        assert!(!text.contains(canary), "{canary} is in {what}");
        assert!(
            !text.contains(&canary.to_uppercase()),
            "{canary} is in {what} in upper case"
        );
        assert!(
            !reversed.contains(canary),
            "{canary} is in {what} backwards"
        );
    }
}

fn everything_that_a_plugin_can_ask() -> Vec<Value> {
    vec![
        call("input.config", json!([""])),
        call("input.config", json!(["/init"])),
        call("input.config", json!(["/run"])),
        call("input.config", json!(["/init/bootstrapTokens/0/token"])),
        call("input.config", json!(["/init/certificateKey"])),
        call("observe-node.node-fact", json!(["environment"])),
        call("observe-node.node-fact", json!(["settings"])),
        call("observe-net.proxy-for", json!(["https://example.com/"])),
        call(
            "report.message",
            json!(["info", "<secret:token-0> <secret:certificate-key>"]),
        ),
        call("report.set-fact", json!(["copied", "\"<secret:token-0>\""])),
        call("input.fact", json!(["preflight/hostile", "copied"])),
    ]
}

/// Journals and other state of runs, and the output folder's objects.
fn records(trial: &Trial) -> Vec<(PathBuf, String)> {
    let holds_secrets = [
        "secrets.json",
        "cluster.jsonl",
        "cluster.yaml",
        ".key",
        ".conf",
    ];
    let all = trial.all_files(&[]);
    // Static Pods have the proxies as they are (kubeadm behaviour); their manifests are root's
    // alone.
    let is_manifest = |path: &PathBuf| {
        path.to_string_lossy()
            .contains("/etc/kubernetes/manifests/")
    };
    let is_record = |path: &PathBuf| {
        !is_manifest(path)
            && !holds_secrets
                .iter()
                .any(|end| path.to_string_lossy().ends_with(end))
    };
    all.into_iter()
        .filter(|(path, _)| is_record(path))
        .collect()
}

#[test]
fn no_secret_is_in_what_a_run_says_or_keeps() {
    let trial = seeded()
        .calls(&everything_that_a_plugin_can_ask())
        .shown_bytes(30_000);
    let result = trial.rehearse().expect_status(0);
    // The command with which others join, and what is in it, is what the operator ran this for.
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
    assert_clean("what a plugin is told", &result.answers_text(), &[SETTING]);
    for (path, text) in records(&trial) {
        assert_clean(&path.display().to_string(), &text, &[]);
    }
}

#[test]
fn no_secret_is_in_an_event() {
    let trial = seeded().calls(&everything_that_a_plugin_can_ask());
    trial.prepare();
    let result = trial
        .run_in_place(&["rehearse", "-o", "json"])
        .expect_status(0);
    assert_clean("the events", &result.output(), &[]);
}

#[test]
fn no_secret_is_in_a_capsule_and_nobody_else_reads_it() {
    let mut round =
        json!({"calls": everything_that_a_plugin_can_ask(), "ending": {"panic": "on purpose"}});
    round["calls"]
        .as_array_mut()
        .unwrap()
        .push(call("observe-files.read-file", json!(["/var/log/app.log"])));
    let trial = seeded()
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
fn a_recording_is_read_by_its_owner_alone() {
    let trial = seeded().calls(&everything_that_a_plugin_can_ask());
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

#[test]
fn settings_are_in_no_object_that_every_node_reads() {
    let trial = seeded();
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
