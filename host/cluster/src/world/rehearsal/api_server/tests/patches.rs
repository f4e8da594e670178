//! All kinds of patches.
use super::*;

const NODE: &str = "/api/v1/nodes/n";
const STRATEGIC: &str = "strategic-merge-patch+json";

fn addresses(kind: &str, address: &str) -> Value {
    json!({
        "status": {"addresses": [{"type": kind, "address": address}]},
    })
}

/// Creates a Node with an address and a taint.
fn create_node(client: &TestClient) {
    let mut node = addresses("InternalIP", "192.0.2.2");
    node["metadata"]["name"] = "n".into();
    node["spec"]["taints"] = json!([{"key": "a", "effect": "NoExecute"}]);
    node["kind"] = "Node".into();
    node["apiVersion"] = "v1".into();
    client.post("/api/v1/nodes", &node);
}

fn count(list: &Value) -> Option<usize> {
    list.as_array().map(Vec::len)
}

#[test]
fn strategic_merge_patches_merge_lists_by_their_keys() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    create_node(&admin);
    let taint = json!({"spec": {"taints": [{"key": "b", "effect": "NoSchedule"}]}});
    let (_, merged) = admin.patch(NODE, STRATEGIC, &taint);
    assert_eq!(
        count(&merged["spec"]["taints"]),
        Some(1),
        "taints are replaced as a whole"
    );
    let status = format!("{NODE}/status");
    let (_, merged) = admin.patch(&status, STRATEGIC, &addresses("Hostname", "n"));
    assert_eq!(
        count(&merged["status"]["addresses"]),
        Some(2),
        "addresses are merged by their type"
    );
}

#[test]
fn json_patches_have_a_limit_of_operations() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    create_node(&admin);
    let operation = json!({"op": "add", "path": "/metadata/labels", "value": {"a": "b"}});
    for (operations, code) in [(10_000, 200), (10_001, 413)] {
        let patch = vec![operation.clone(); operations].into();
        assert_eq!(admin.patch(NODE, "json-patch+json", &patch).0, code);
    }
}

#[test]
fn merge_patches_replace_lists() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    create_node(&admin);
    let status = format!("{NODE}/status");
    let patch = addresses("Hostname", "m");
    let (_, replaced) = admin.patch(&status, "merge-patch+json", &patch);
    assert_eq!(
        replaced["status"]["addresses"],
        patch["status"]["addresses"]
    );
}

#[test]
fn a_json_patch_whose_test_fails_is_refused() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    create_node(&admin);
    let steps = json!([{"op": "test", "path": "/kind", "value": "Nope"}]);
    assert_eq!(admin.patch(NODE, "json-patch+json", &steps).0, 422);
}

#[test]
fn a_field_of_another_manager_is_only_applied_with_force() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let path = format!("{CONFIG_MAPS}/s");
    for (query, value, status) in [
        ("fieldManager=one", "1", 201),
        ("fieldManager=two", "2", 409),
        ("fieldManager=two&force=true", "2", 200),
    ] {
        let manifest = config_map("s", json!({"a": value}));
        let path = format!("{path}?{query}");
        assert_eq!(
            admin.patch(&path, "apply-patch+yaml", &manifest).0,
            status,
            "{query}"
        );
    }
}
