use super::*;
use serde_json::json;

#[test]
fn what_the_server_added_does_not_count() {
    let wanted = json!({
        "metadata": {"name": "x"},
        "spec": {"ports": [{"port": 53}], "strategy": {}, "gone": null},
    });
    let current = json!({
        "metadata": {"name": "x", "uid": "1"},
        "spec": {"ports": [{"port": 53, "protocol": "TCP"}], "type": "ClusterIP"},
    });
    let is_wanted =
        |wanted: &Value, current: &Value| has_state(wanted, current, ListComparison::Equal);
    assert!(is_wanted(&wanted, &current));
    assert!(!is_wanted(&json!({"spec": {"ports": []}}), &current));
    assert!(!is_wanted(
        &json!({"data": {"a": "b"}}),
        &json!({"data": {"a": "c"}})
    ));
}

#[test]
fn a_patched_state_is_found_at_any_place_of_a_list() {
    let node = json!({
        "spec": {
            "taints": [
                {"key": "a", "effect": "NoExecute"},
                {"key": "b", "effect": "NoSchedule"},
            ],
        },
    });
    for (key, is_there) in [("b", true), ("c", false)] {
        let patch = json!({"spec": {"taints": [{"key": key, "effect": "NoSchedule"}]}});
        assert_eq!(
            has_state(&patch, &node, ListComparison::Contains),
            is_there,
            "{key}"
        );
    }
}

#[test]
fn an_object_that_is_kept_is_not_recorded_as_a_write() {
    let world = crate::world::fake::FakeWorld::new(
        &kubephase_sdk::testing::Case {
            objects: vec![json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "x", "namespace": "kube-system"},
                "data": {"a": "of a user"},
            })],
            ..Default::default()
        },
        tempfile::tempdir().unwrap().path(),
    )
    .unwrap();
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "kube-system"},
        "data": {"a": "b"},
    });
    let cluster = crate::world::World::cluster(&world);
    let done = ensure(&manifest, IfExists::Retain, cluster).unwrap();
    assert!(matches!(done.applied, Applied::Skipped(_)), "{done:?}");
    assert!(done.writes.is_empty(), "{done:?}");
}

#[test]
fn plurals_are_those_of_the_api() {
    for (kind, plural) in [
        ("ConfigMap", "configmaps"),
        ("NetworkPolicy", "networkpolicies"),
        ("IngressClass", "ingressclasses"),
    ] {
        assert_eq!(resource(kind), plural);
    }
}
