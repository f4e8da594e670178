//! A plugin that reports without an end leaves a node that can be used.
use crate::support::{Trial, call, checks, repeated};
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
    let trial = Trial::with_phases(&checks(5)).calls(&calls);
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
