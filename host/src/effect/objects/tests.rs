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
    assert!(has_wanted_state(&wanted, &current));
    assert!(!has_wanted_state(&json!({"spec": {"ports": []}}), &current));
    assert!(!has_wanted_state(
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
    assert!(has_patched_state(
        &json!({"spec": {"taints": [{"key": "b", "effect": "NoSchedule"}]}}),
        &node
    ));
    assert!(!has_patched_state(
        &json!({"spec": {"taints": [{"key": "c", "effect": "NoSchedule"}]}}),
        &node
    ));
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
