//! Findings: a plugin neither hides the findings of others nor avoids the effect of its own.
use crate::support::{Trial, call};
use serde_json::json;

#[test]
fn a_plugin_cannot_hide_the_finding_of_a_built_in_check() {
    let small = "cpus: 1\n";
    let trial = Trial::check().calls(&[
        call("report.submit", json!(["pass", "NumCPU", "all is well"])),
        call("report.submit", json!(["pass", "Mem", "all is well"])),
    ]);
    trial.prepare();
    let node = std::fs::read_to_string(trial.folder().join("node.yaml"))
        .unwrap()
        .replace("cpus: 2\n", small);
    std::fs::write(trial.folder().join("node.yaml"), node).unwrap();
    let result = trial.preflight_again();
    assert_eq!(result.status, 4, "{}", result.output());
    assert!(result.stderr.contains("NumCPU"), "{}", result.stderr);
}

#[test]
fn an_earlier_run_does_not_excuse_the_failing_check_of_a_plugin() {
    let evidence = "/etc/kubernetes/manifests/etcd.yaml";
    let trial = Trial::check().calls(&[call(
        "report.submit",
        json!([
            "fail",
            "Hostile",
            "this stands in the way",
            "path",
            evidence
        ]),
    )]);
    trial.rehearse_without_plugin().expect_status(0);
    let result = trial.rehearse();
    assert_eq!(result.status, 4, "{}", result.output());
    assert!(
        result.stderr.contains("[ERROR Hostile]"),
        "{}",
        result.stderr
    );
}
