//! Many plugins side by side, each of which uses all that one plugin may use. The host stays within
//! its memory, which every run of this suite checks.
use crate::support::{Trial, process::RunResult, quiet_calls, repeated};
use serde_json::{Value, json};

const SIDE_BY_SIDE: &str = "parallelism: 64\n";

/// Runs the checks of this number of plugins.
fn checks_of_many(count: usize, calls: &[Value]) -> RunResult {
    let trial = Trial::check().phases(SIDE_BY_SIDE).calls(calls);
    trial.prepare().prepare_beside(count - 1).preflight_again()
}

#[test]
fn findings_of_many_plugins_have_a_common_limit() {
    let (text, evidence) = (repeated("x", 4000), repeated("y", 4000));
    let finding = json!(["warn", "Hostile", text, "name", evidence]);
    let ended = checks_of_many(6, &[quiet_calls("report.submit", finding, 900)]);
    assert!(
        ended
            .output()
            .contains("limit of 16777216 bytes of findings of all plugins reached"),
        "{:.4000}",
        ended.stderr
    );
}

#[test]
fn facts_of_many_plugins_have_a_common_limit() {
    let fact = |number: usize| {
        let name = format!("fact-{number}");
        quiet_calls("report.set-fact", json!([name, repeated("1", 900_000)]), 1)
    };
    let facts: Vec<Value> = (0..4).map(fact).collect();
    let ended = checks_of_many(6, &facts);
    assert!(
        ended
            .output()
            .contains("limit of 8388608 bytes of facts of all plugins reached"),
        "{:.4000}",
        ended.stderr
    );
}

#[test]
fn memories_of_sixty_four_plugins_are_not_filled_side_by_side() {
    let trial = Trial::check()
        .phases(SIDE_BY_SIDE)
        .rounds(&[json!({"ending": "endlessMemory"})]);
    let ended = trial.prepare().prepare_beside(63).preflight_again();
    eprintln!(
        "64 plugins: {} MiB, {} ms",
        ended.peak_memory >> 20,
        ended.elapsed.as_millis()
    );
    let stopped = ended
        .stderr
        .matches("memory limit of 67108864 bytes")
        .count();
    assert!(
        stopped >= 64,
        "{stopped} were stopped: {:.4000}",
        ended.stderr
    );
}

#[test]
fn objects_of_many_plugins_do_not_fill_the_memory() {
    let grant = "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: \
        ConfigMap, namespace: default}]";
    let apply = |number: usize| {
        let head = format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\
             \"hostile-{number}\",\"namespace\":\"default\"}},\"data\":{{\"a\":\""
        );
        let object = json!([head, repeated("x", 1_000_000), "\"}}"]);
        quiet_calls("effects-cluster.apply-object", json!([object]), 1)
    };
    let calls: Vec<Value> = (0..14).map(apply).collect();
    let trial = Trial::phase()
        // If they ran side by side, the limit of waiting proposals would end the run first.
        .phases("parallelism: 1\n")
        .grants(&[grant])
        .allow_cluster_admin()
        .calls(&calls);
    let ended = trial.prepare().prepare_beside(11).rehearse_again();
    eprintln!(
        "objects of 12 plugins: {} MiB, {} ms",
        ended.peak_memory >> 20,
        ended.elapsed.as_millis()
    );
    assert!(
        ended
            .output()
            .contains("limit of 25165824 bytes of objects of all plugins reached"),
        "{:.4000}",
        ended.stderr
    );
}

/// Lists of long texts that look like encodings, by several plugins side by side.
#[test]
fn long_lists_of_objects_are_judged_within_the_time_of_the_plugin() {
    const CONFIG_MAPS: &str = "objects: [{apiVersion: v1, kind: ConfigMap, namespace: default}]";
    let apply = |number: usize| {
        let head = format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\
             \"long-{number}\",\"namespace\":\"default\"}},\"data\":{{\"a\":\""
        );
        let object = json!([head, repeated("a", 900_000), "\"}}"]);
        quiet_calls("effects-cluster.apply-object", json!([object]), 1)
    };
    let list = json!(["v1", "ConfigMap", "default", null]);
    let lists = quiet_calls("observe-cluster.list-objects", list, 20);
    let trial = Trial::phase()
        .phases(SIDE_BY_SIDE)
        .grants(&[
            &format!("capability: effects-cluster.apply-object, {CONFIG_MAPS}"),
            &format!("capability: observe-cluster.list-objects, {CONFIG_MAPS}"),
        ])
        .allow_cluster_admin()
        .rounds(&[
            json!({"calls": (0..4).map(apply).collect::<Vec<_>>(), "ending": "again"}),
            json!({"calls": [lists]}),
        ]);
    let ended = trial.prepare().prepare_beside(5).rehearse_again();
    eprintln!(
        "lists of 6 plugins: {} MiB, {} ms",
        ended.peak_memory >> 20,
        ended.elapsed.as_millis()
    );
    assert!(
        ended.output().contains("of processor time"),
        "{:.4000}",
        ended.stderr
    );
}
