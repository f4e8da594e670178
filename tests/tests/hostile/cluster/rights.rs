//! Kinds of objects and Pods that give rights.
use crate::support::{Trial, call};
use serde_json::{Value, json};

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

/// Returns the manifest of the Pod `p` with this spec, without the token of a service account, and
/// with a container if the spec has none.
fn pod_manifest(mut spec: Value) -> String {
    let containers = json!([{"name": "c", "image": "registry.example/c:1"}]);
    spec["automountServiceAccountToken"] = json!(false);
    let fields = spec.as_object_mut().unwrap();
    fields.entry("containers").or_insert(containers);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default"},
        "spec": spec,
    })
    .to_string()
}

#[test]
fn pods_with_access_to_the_host_need_a_grant_that_says_so() {
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
        let manifest = pod_manifest(spec);
        let trial = Trial::phase()
            .grants(&[
                "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: \
                Pod, namespace: default}]",
            ])
            .allow_cluster_admin()
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
