//! Authorization.
use super::*;

fn role(kind: &str, name: &str, rules: &Value) -> Value {
    json!({
        "apiVersion": format!("{RBAC_GROUP}/v1"),
        "kind": kind,
        "metadata": {"name": name},
        "rules": rules,
    })
}

/// Returns a binding of a role to a subject.
fn binding(kind: &str, name: &str, (role_kind, role): (&str, &str), subject: Value) -> Value {
    json!({
        "apiVersion": format!("{RBAC_GROUP}/v1"),
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": role_kind, "name": role},
        "subjects": [subject],
    })
}

#[test]
fn a_user_without_a_role_is_refused_in_the_words_of_kube_apiserver() {
    let api = new_state();
    let (status, refused) = TestClient::new(&api, "reader", &[]).get(CONFIG_MAPS);
    assert_eq!(status, 403);
    let message = "configmaps is forbidden: User \"reader\" cannot list resource \"configmaps\" in \
        API group \"\" in the namespace \"default\"";
    assert_eq!(refused["message"], message);
}

#[test]
fn a_binding_grants_exactly_the_rules_of_its_role() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let rules = json!([{
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["a"],
        "verbs": ["get"],
    }]);
    let team = json!({"kind": "Group", "name": "team"});
    let base = format!("/apis/{RBAC_GROUP}/v1/namespaces/default");
    let created = admin.post(&format!("{base}/roles"), &role("Role", "r", &rules));
    assert_eq!(created.0, 201);
    let binding = binding("RoleBinding", "r", ("Role", "r"), team);
    assert_eq!(admin.post(&format!("{base}/rolebindings"), &binding).0, 201);
    for name in ["a", "b"] {
        admin.post(CONFIG_MAPS, &config_map(name, json!({})));
    }
    let reader = TestClient::new(&api, "reader", &["team"]);
    assert_eq!(reader.get(&format!("{CONFIG_MAPS}/a")).0, 200);
    assert_eq!(reader.get(&format!("{CONFIG_MAPS}/b")).0, 403);
    assert_eq!(reader.get(CONFIG_MAPS).0, 403);
}

#[test]
fn anonymous_users_may_only_read_the_version() {
    let api = new_state();
    let anonymous = TestClient {
        api: &api,
        user: User::anonymous(),
    };
    assert_eq!(anonymous.get("/version").0, 200);
    assert_eq!(anonymous.get("/apis").0, 403);
}

#[test]
fn a_user_cannot_grant_rights_that_it_does_not_have() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let base = format!("/apis/{RBAC_GROUP}/v1");
    let (roles, bindings) = (
        format!("{base}/clusterroles"),
        format!("{base}/clusterrolebindings"),
    );
    let own = json!([{
        "apiGroups": [RBAC_GROUP],
        "resources": ["clusterroles", "clusterrolebindings"],
        "verbs": ["create"],
    }]);
    let subject = json!({"kind": "User", "name": "editor"});
    admin.post(&roles, &role("ClusterRole", "editor", &own));
    let own = ("ClusterRole", "editor");
    admin.post(
        &bindings,
        &binding("ClusterRoleBinding", "editor", own, subject.clone()),
    );
    let editor = TestClient::new(&api, "editor", &[]);
    let more = binding(
        "ClusterRoleBinding",
        "more",
        ("ClusterRole", "cluster-admin"),
        subject,
    );
    let (status, refused) = editor.post(&bindings, &more);
    assert_eq!(status, 403);
    let message = "clusterrolebindings.rbac.authorization.k8s.io \"more\" is forbidden: user \
        \"editor\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not \
        currently held";
    assert_eq!(refused["message"], message);
    let all = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    let all = role("ClusterRole", "all", &all);
    assert_eq!(editor.post(&roles, &all).0, 403);
}

fn node(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {},
    })
}

#[test]
fn a_kubelet_may_only_change_its_own_node() {
    let api = new_state();
    let kubelet = TestClient::new(&api, "system:node:a", &["system:nodes"]);
    TestClient::admin(&api).post("/api/v1/nodes", &node("b"));
    assert_eq!(kubelet.post("/api/v1/nodes", &node("a")).0, 201);
    let patch = json!({"metadata": {"labels": {"x": "y"}}});
    for (name, status) in [("a", 200), ("b", 403)] {
        let path = format!("/api/v1/nodes/{name}");
        assert_eq!(
            kubelet.patch(&path, "merge-patch+json", &patch).0,
            status,
            "{name}"
        );
    }
    let secrets = "/api/v1/namespaces/kube-system/secrets";
    assert_eq!(kubelet.get(secrets).0, 403);
}
