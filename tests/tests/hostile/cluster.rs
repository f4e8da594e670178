//! Objects of the cluster: a name or namespace is a segment of a URL and never more, and a plugin
//! reaches the kinds that were allowed, no others.
use crate::support::{Trial, call};
use serde_json::{Value, json};
use std::fs;

/// Names and namespaces that would be more than a segment of a path.
const TWISTS: [&str; 12] = [
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

fn objects_of(trial: &Trial) -> String {
    fs::read_to_string(trial.on_node("/var/lib/kubephase/cluster.jsonl")).unwrap()
}

fn all_twists(function: &str, arguments: impl Fn(&str) -> [Value; 2]) -> Vec<Value> {
    TWISTS
        .iter()
        .flat_map(|twist| arguments(twist).map(|arguments| call(function, arguments)))
        .collect()
}

#[test]
fn reading_one_kind_shows_no_object_of_another() {
    let get = all_twists("observe-cluster.get-object", |twist| {
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
    let list = all_twists("observe-cluster.list-objects", |twist| {
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
            let trial = Trial::providing(
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
fn a_pattern_of_names_does_not_fit_a_path_below_a_name() {
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

#[test]
fn kinds_that_give_rights_need_the_consent_of_an_administrator() {
    for objects in [
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding}",
        "{apiVersion: v1, kind: Secret, namespace: kube-system}",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration}",
        "{apiVersion: apps/v1, kind: DaemonSet, hostAccess: true}",
    ] {
        let grant = format!("capability: effects-cluster.apply-object, objects: [{objects}]");
        let result = Trial::phase().grants(&[&grant]).add();
        assert!(
            result.status != 0 && result.output().contains("--allow-cluster-admin"),
            "{objects}: {}",
            result.output()
        );
        Trial::phase()
            .grants(&[&grant])
            .allow_cluster_admin()
            .add()
            .expect_status(0);
    }
}

#[test]
fn pods_with_access_to_the_host_need_a_grant_that_says_so() {
    let pod = |spec: Value| {
        let containers = json!([{"name": "c", "image": "registry.example/c:1"}]);
        let mut spec = spec;
        spec.as_object_mut()
            .unwrap()
            .entry("containers")
            .or_insert(containers);
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "default"},
            "spec": spec,
        })
        .to_string()
    };
    for spec in [
        json!({"hostPID": true}),
        json!({"hostNetwork": true}),
        json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
        json!({
            "containers": [{"name": "c", "image": "c", "securityContext": {"privileged": true}}],
        }),
        json!({
            "initContainers": [{
                "name": "c",
                "image": "c",
                "securityContext": {"privileged": true},
            }],
        }),
        json!({
            "nodeName": "node-1",
            "containers": [{
                "name": "c",
                "image": "c",
                "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}},
            }],
        }),
    ] {
        let manifest = pod(spec);
        let trial = Trial::phase()
            .grants(&[
                "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: \
                Pod, namespace: default}]",
            ])
            .calls(&[call("effects-cluster.apply-object", json!([manifest]))]);
        let result = trial.rehearse();
        assert!(
            !result.answer("0.0").is_ok || result.status == 5,
            "{manifest}: {}",
            result.output()
        );
        assert!(
            !harness::RehearsedCluster::read(&trial.root())
                .objects("/pods")
                .contains_key("p"),
            "{manifest}"
        );
    }
}
