//! Plugins that never end, or report without an end.
use crate::support::{Trial, call, checks, quiet_calls, repeated};
use serde_json::{Value, json};
use std::fs;

#[test]
fn a_node_with_endless_findings_can_be_used_again_and_reset() {
    let finding = call(
        "report.submit",
        json!([
            "warn",
            "Hostile",
            repeated("x", 16_000),
            "name",
            repeated("y", 16_000)
        ]),
    );
    let calls: Vec<Value> = vec![finding; 990];
    let trial = Trial::providing(&checks(5)).calls(&calls);
    let result = trial.preflight();
    let journals: u64 = fs::read_dir(trial.on_node("/var/lib/kubephase"))
        .unwrap()
        .flatten()
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    assert!(
        journals < 64 << 20,
        "the journal has {journals} bytes; {} printed",
        result.output().len()
    );
    trial.rehearse_without_plugin().expect_status(0);
    trial.run(&["report", "--root", "root"]).expect_status(0);
    trial
        .run(&["reset", "--force", "--root", "root"])
        .expect_status(0);
}

#[test]
fn a_plugin_that_never_returns_is_stopped() {
    for ending in [
        json!("endlessLoop"),
        json!("endlessRecursion"),
        json!("endlessMemory"),
        json!({"endlessMessages": 10_000}),
        json!({"panic": "on purpose"}),
        json!("again"),
    ] {
        let result = Trial::check()
            .rounds(&[json!({"ending": ending})])
            .preflight();
        assert_eq!(result.status, 4, "{ending}: {}", result.output());
    }
}

#[test]
fn a_wait_that_a_plugin_asks_for_has_a_limit() {
    let result = Trial::check()
        .entry("  limits: {deadline: 1s}\n")
        .rounds(&[json!({"ending": {"againAfter": u32::MAX}})])
        .preflight();
    assert_ne!(result.status, 0, "{}", result.output());
}

#[test]
fn endless_proposals_facts_and_requirements_are_refused() {
    for calls in [
        vec![quiet_calls(
            "effects-files.make-dir",
            json!(["/var/lib/kubephase-plugins/hostile/x"]),
            5000,
        )],
        vec![quiet_calls(
            "report.set-fact",
            json!(["name", repeated("1", 100_000)]),
            5000,
        )],
        vec![quiet_calls(
            "report.progress",
            json!([1, 2, repeated("x", 1000)]),
            100_000,
        )],
        vec![
            call(
                "effects-files.make-dir",
                json!(["/var/lib/kubephase-plugins/hostile/x"]),
            ),
            quiet_calls("effects.requires", json!([0, 0]), 600_000),
            quiet_calls("effects.because", json!([0, repeated("x", 1 << 20)]), 1000),
        ],
    ] {
        let grant =
            "capability: effects-files.make-dir, paths: [/var/lib/kubephase-plugins/hostile/*]";
        let result = Trial::early_phase()
            .grants(&[grant])
            .calls(&calls)
            .rehearse();
        assert!(
            [4, 5].contains(&result.status),
            "{calls:?}: {}",
            result.output()
        );
    }
}
