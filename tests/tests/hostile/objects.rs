//! The content of objects that a plugin has written. Unless the operator allows it, its Pods stay
//! in their containers and have no rights, and its objects do not decide about objects of others.
use crate::support::{Trial, call};
use serde_json::{Value, json};

/// The name, namespace or label by which an object belongs to the plugin.
const OWN: &str = "kubephase-plugin-hostile";

fn grant(api_version: &str, kind: &str, namespace: &str, name: &str) -> String {
    format!(
        "capability: effects-cluster.apply-object, objects: [{{apiVersion: {api_version}, kind: \
         {kind}, namespace: {namespace}, names: [{name}]}}]"
    )
}

#[test]
fn kinds_that_decide_about_others_need_the_consent_of_an_administrator() {
    for (api_version, kind, namespace, name) in [
        ("v1", "ResourceQuota", "kube-system", "hostile"),
        ("v1", "LimitRange", "own", "hostile"),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "kube-system",
            "hostile",
        ),
        (
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "kube-system",
            "hostile",
        ),
        ("policy/v1", "PodDisruptionBudget", "kube-system", "hostile"),
        ("coordination.k8s.io/v1", "Lease", "kube-system", "hostile"),
        ("scheduling.k8s.io/v1", "PriorityClass", "own", "hostile"),
        ("v1", "PersistentVolumeClaim", "own", "hostile"),
        ("v1", "ConfigMap", "kube-system", "kube-root-ca.crt"),
        ("v1", "ConfigMap", "kube-system", "aws-auth"),
        // A plugin chooses its own name, so an object with this name need not belong to the plugin.
        ("v1", "ConfigMap", "kube-system", "hostile"),
        ("v1", "ConfigMap", "local-path-storage", "local-path-config"),
        ("apps/v1", "Deployment", "hostile", "hostile"),
        ("v1", "ConfigMap", "default", "'hostile*'"),
        ("apps/v1", "ReplicaSet", "kube-system", "hostile"),
        ("v1", "Service", "kube-system", "hostile"),
        ("v1", "Service", "default", "hostile"),
        ("v1", "ServiceAccount", "default", "hostile"),
        ("example.com/v1", "Job", "own", "hostile"),
    ] {
        let added = Trial::phase()
            .grants(&[&grant(api_version, kind, namespace, name)])
            .add();
        assert!(
            added.status != 0 && added.output().contains("--allow-cluster-admin"),
            "{kind} {namespace}/{name}: {}",
            added.output()
        );
    }
    for (api_version, kind, namespace, name) in [
        ("v1", "ConfigMap", "kube-system", OWN),
        (
            "v1",
            "ConfigMap",
            "default",
            "kubephase-plugin-hostile-settings",
        ),
        ("v1", "Service", OWN, "web"),
        ("apps/v1", "Deployment", OWN, "web"),
    ] {
        let added = Trial::phase()
            .grants(&[&grant(api_version, kind, namespace, name)])
            .add();
        added.expect_status(0);
    }
}

/// Returns a Pod that belongs to the plugin, with further fields of its `spec`.
fn pod(spec: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "hostile", "namespace": "default", "labels": {"app": OWN}},
        "spec": {
            "automountServiceAccountToken": false,
            "containers": [{"name": "c", "image": "registry.example/c:1"}],
        },
    });
    for (field, value) in spec.as_object().unwrap() {
        pod["spec"][field] = value.clone();
    }
    pod
}

/// Rehearses a plugin that proposes a Pod in a namespace in which it may write Pods.
fn propose(manifest: &Value) -> Trial {
    phase_that_applies(manifest, &[&grant("v1", "Pod", "default", "hostile")]).allow_cluster_admin()
}

/// Returns a phase with these grants that proposes one object.
fn phase_that_applies(manifest: &Value, grants: &[&str]) -> Trial {
    Trial::phase().grants(grants).calls(&[call(
        "effects-cluster.apply-object",
        json!([manifest.to_string()]),
    )])
}

/// Checks that the rehearsal ends because the object is refused, for a reason with this text.
fn expect_refusal(trial: &Trial, manifest: &Value, reason: &str) {
    let ended = trial.rehearse();
    assert!(
        ended.status == 5 && ended.output().contains(reason),
        "{manifest}: {}",
        ended.output()
    );
}

fn is_there(trial: &Trial) -> bool {
    harness::RehearsedCluster::read(&trial.root())
        .objects("/pods")
        .contains_key("hostile")
}

#[test]
fn a_pod_has_only_what_keeps_it_in_its_containers() {
    let trial = propose(&pod(json!({})));
    trial.rehearse().expect_status(0);
    assert!(is_there(&trial), "a plain Pod is not there");
    let container = |part: Value| {
        let mut container = json!({"name": "c", "image": "c"});
        for (field, value) in part.as_object().unwrap() {
            container[field] = value.clone();
        }
        pod(json!({"containers": [container]}))
    };
    let probe = json!({"httpGet": {"host": "169.254.169.254", "port": 80, "path": "/"}});
    let mut annotated = pod(json!({}));
    annotated["metadata"]["annotations"] =
        json!({"vault.hashicorp.com/agent-inject-secret-x": "admin"});
    for manifest in [
        container(json!({"livenessProbe": probe})),
        container(json!({"resources": {"claims": [{"name": "gpu"}]}})),
        pod(json!({"imagePullSecrets": [{"name": "x"}]})),
        pod(json!({"automountServiceAccountToken": null})),
        annotated,
    ] {
        let trial = propose(&manifest);
        expect_refusal(&trial, &manifest, "hostAccess: true");
        assert!(!is_there(&trial), "{manifest}");
    }
}

#[test]
fn a_pod_neither_passes_for_anothers_nor_displaces_it() {
    let mut labelled = pod(json!({}));
    labelled["metadata"]["labels"] = json!({"app": "somebody-elses"});
    let urgent = pod(json!({"priorityClassName": "system-node-critical"}));
    for mut manifest in [labelled, urgent] {
        manifest["metadata"]["namespace"] = json!(OWN);
        let trial = phase_that_applies(&manifest, &[&grant("v1", "Pod", OWN, "hostile")]);
        expect_refusal(&trial, &manifest, "hostAccess: true");
    }
}

/// A plugin that may write an account does not own it: another user may have made the account and
/// given it rights.
#[test]
fn a_pod_runs_as_no_account_that_may_be_somebody_elses() {
    let manifest = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "hostile", "namespace": OWN},
        "spec": {
            "selector": {"matchLabels": {"app": OWN}},
            "template": {
                "metadata": {"labels": {"app": OWN}},
                "spec": {
                    "serviceAccountName": "monitoring",
                    "containers": [{"name": "c", "image": "c"}],
                },
            },
        },
    });
    let grants = [
        &*grant("apps/v1", "Deployment", OWN, "hostile"),
        &grant("v1", "ServiceAccount", OWN, "monitoring"),
    ];
    let trial = phase_that_applies(&manifest, &grants);
    expect_refusal(&trial, &manifest, "service account monitoring");
}

#[test]
fn a_service_takes_no_address_and_no_port_beside_its_own() {
    for spec in [
        json!({"externalIPs": ["192.0.2.2"]}),
        json!({"type": "NodePort"}),
        json!({"ports": [{"port": 80, "nodePort": 30_080}]}),
        json!({"type": "ExternalName", "externalName": "attacker.example"}),
        json!({"clusterIP": "10.96.0.10"}),
        json!({"selector": {"app": "somebody-elses"}}),
    ] {
        let manifest = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "hostile", "namespace": OWN},
            "spec": spec,
        });
        let trial = phase_that_applies(&manifest, &[&grant("v1", "Service", OWN, "hostile")]);
        expect_refusal(&trial, &manifest, "hostAccess: true");
    }
}

const NAMESPACE: &str = "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, \
    kind: Namespace, names: [kubephase-plugin-hostile]}]";

fn config_map(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"a": "b"},
    })
}

fn apply(manifest: &Value) -> Value {
    call(
        "effects-cluster.apply-object",
        json!([manifest.to_string()]),
    )
}

fn delete_grant(namespace: &str) -> String {
    format!(
        "capability: effects-cluster.delete-object, objects: [{{apiVersion: v1, kind: ConfigMap, \
         namespace: {namespace}, names: [{OWN}]}}]"
    )
}

fn delete(namespace: &str) -> Value {
    call(
        "effects-cluster.delete-object",
        json!(["v1", "ConfigMap", namespace, OWN]),
    )
}

#[test]
fn a_plugin_has_a_namespace_of_its_own_without_the_consent_of_an_administrator() {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}});
    let trial = Trial::phase()
        .grants(&[
            NAMESPACE,
            &grant("v1", "ConfigMap", OWN, OWN),
            &delete_grant(OWN),
        ])
        .rounds(&[
            json!({
                "calls": [apply(&namespace), apply(&config_map(OWN, OWN))],
                "ending": "again",
            }),
            json!({"calls": [apply(&config_map(OWN, OWN)), delete(OWN)]}),
        ]);
    trial.rehearse().expect_status(0);
    let cluster = harness::RehearsedCluster::read(&trial.root());
    let labels = &cluster.objects("/namespaces")[OWN]["metadata"]["labels"];
    let identity = labels["kubephase.dev/plugin-identity"].as_str();
    assert!(
        labels["kubephase.dev/plugin"] == "hostile" && identity.is_some_and(|it| !it.is_empty()),
        "{labels}"
    );
    assert!(!cluster.objects("/configmaps").contains_key(OWN));
}

/// The object exists. It was made with more consent, and has no label of the plugin.
#[test]
fn a_plugin_deletes_nothing_that_was_not_made_as_its_own() {
    let unmarked = format!(
        "capability: effects-cluster.apply-object, objects: [{{apiVersion: v1, kind: ConfigMap, \
         namespace: default, names: [{OWN}], hostAccess: true}}]"
    );
    let trial = Trial::phase()
        .grants(&[&unmarked, &delete_grant("default")])
        .allow_cluster_admin()
        .calls(&[apply(&config_map("default", OWN)), delete("default")]);
    let ended = trial.rehearse();
    assert!(
        ended.status == 5
            && ended
                .output()
                .contains("was not made for the plugin hostile"),
        "{}",
        ended.output()
    );
    let cluster = harness::RehearsedCluster::read(&trial.root());
    assert!(cluster.objects("/configmaps").contains_key(OWN));
}
