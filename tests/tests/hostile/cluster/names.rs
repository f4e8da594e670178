//! Names and namespaces that look like more than a name.
use crate::support::{Trial, call};
use serde_json::{Value, json};
use std::fs;

/// Names and namespaces that would be more than one segment of a path.
const TWISTED_NAMES: [&str; 12] = [
    "kube-system/secrets?x=",
    "kube-system/secrets/bootstrap-token-abcdef?x=",
    "kube-system/secrets#",
    "kube-system%2Fsecrets%3F",
    "..",
    "../../../v1/namespaces/kube-system/secrets?x=",
    "/",
    "?",
    "kube-system\u{0}",
    "kube-system\r\nx: y",
    "KUBE-SYSTEM",
    "",
];

const CONFIG_MAPS: &str = "objects: [{apiVersion: v1, kind: ConfigMap}]";

/// Returns the log of the rehearsed cluster.
fn objects_of(trial: &Trial) -> String {
    fs::read_to_string(trial.on_node("/var/lib/kubephase/cluster.jsonl")).unwrap()
}

/// Returns calls of a function with every twisted name, two for each.
fn calls_with_twisted_names(function: &str, arguments: impl Fn(&str) -> [Value; 2]) -> Vec<Value> {
    TWISTED_NAMES
        .iter()
        .flat_map(|twist| arguments(twist).map(|arguments| call(function, arguments)))
        .collect()
}

#[test]
fn reading_one_kind_shows_no_object_of_another() {
    let get = calls_with_twisted_names("observe-cluster.get-object", |twist| {
        [
            json!(["v1", "ConfigMap", twist, "x"]),
            json!([
                "v1",
                "ConfigMap",
                "kube-system",
                format!("x/../../secrets/{twist}")
            ]),
        ]
    });
    let list = calls_with_twisted_names("observe-cluster.list-objects", |twist| {
        [
            json!(["v1", "ConfigMap", twist, null]),
            json!(["v1", "ConfigMap", "kube-system", twist]),
        ]
    });
    let trial = Trial::phase()
        .grants(&[
            &format!("capability: observe-cluster.get-object, {CONFIG_MAPS}"),
            &format!("capability: observe-cluster.list-objects, {CONFIG_MAPS}"),
        ])
        .calls(&[get, list].concat())
        .shown_bytes(4000);
    let result = trial.rehearse().expect_status(0);
    for answer in &result.answers {
        assert!(
            !answer.text.contains("token-secret") && !answer.text.contains("\"Secret\""),
            "{answer:?}"
        );
        assert!(
            !answer.text.contains("bootstrap.kubernetes.io/token"),
            "{answer:?}"
        );
    }
}

#[test]
fn proposals_for_one_kind_change_no_object_of_another() {
    for function in [
        "effects-cluster.delete-object",
        "effects-cluster.patch-object",
    ] {
        for twist in [
            "kube-system/serviceaccounts/kube-proxy?x=",
            "kube-system/serviceaccounts/kube-proxy#",
            "kube-system%2Fx",
            "..",
        ] {
            let patch = json!({"metadata": {"labels": {"hostile": "true"}}}).to_string();
            let trial = Trial::with_phases(
                "- {id: hostile, title: Misuse the host, kind: phase, workflow: \
                    [init], needs: [addon, upload-config]}\n",
            )
            .grants(&[&format!("capability: {function}, {CONFIG_MAPS}")])
            .allow_cluster_admin()
            .calls(&[call(
                function,
                json!(["v1", "ConfigMap", twist, "kube-proxy", patch]),
            )]);
            let result = trial.rehearse();
            assert!(!result.answer("0.0").is_ok, "{function} takes {twist:?}");
            let objects = objects_of(&trial);
            assert!(
                !objects.contains("\"gone\":{\"resource\":\"/serviceaccounts\""),
                "{function} {twist:?}: {objects}"
            );
            assert!(
                !objects.contains("hostile\":\"true"),
                "{function} {twist:?}"
            );
        }
    }
}

#[test]
fn a_pattern_of_names_does_not_match_a_path_below_a_name() {
    let trial = Trial::phase()
        .grants(&[
            "capability: observe-cluster.get-object, objects: [{apiVersion: v1, kind: Node, \
            names: ['node-*']}]",
        ])
        .calls(&[
            call(
                "observe-cluster.get-object",
                json!(["v1", "Node", null, "node-1%2Fproxy%2Fpods"]),
            ),
            call(
                "observe-cluster.get-object",
                json!(["v1", "Node", null, "node-1/proxy/pods"]),
            ),
            call(
                "observe-cluster.get-object",
                json!(["v1", "Node", null, "node-1"]),
            ),
        ]);
    let result = trial.rehearse().expect_status(0);
    assert!(
        !result.answer("0.0").is_ok && !result.answer("0.1").is_ok,
        "{:?}",
        result.answers
    );
    assert!(result.answer("0.2").is_ok, "{:?}", result.answers);
}
