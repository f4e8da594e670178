//! The API server as its clients see it: who they are, what they may, what is left of what they
//! send.
use super::{
    super::kept::Log,
    controllers, policy,
    rbac::User,
    rest::{Api, Call, Reply, reply_of},
    signer::Authority,
    store::{Store, core},
};
use crate::world::files::RootedFiles;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub(super) fn api() -> Api {
    over(Store::new())
}

fn over(mut store: Store) -> Api {
    policy::install(&mut store);
    controllers::install(&mut store, Some("10.96.0.1"), 6443);
    let authority = Authority::alone("PEM");
    controllers::reconcile(&mut store, &authority);
    Api {
        store: Mutex::new(store),
        authority,
        services: Some("10.96.0.0/12".parse().unwrap()),
    }
}

fn user(name: &str, groups: &[&str]) -> User {
    User {
        name: name.into(),
        groups: groups
            .iter()
            .map(ToString::to_string)
            .chain(["system:authenticated".to_owned()])
            .collect(),
    }
}

pub(super) fn admin() -> User {
    user("root", &["system:masters"])
}

pub(super) fn send(
    api: &Api,
    user: &User,
    method: &str,
    path: &str,
    content_type: &str,
    body: &Value,
) -> (u16, Value) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let call = Call {
        method: method.into(),
        path: path.into(),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        content_type: content_type.into(),
        accept: "application/json".into(),
        body: body.to_string().into_bytes(),
        user: user.clone(),
    };
    match api.answer(&call) {
        Reply::Json(status, value) => (status, value),
        Reply::Text(status, text) => (status, text.into()),
        Reply::Watch(watch) => (200, json!({"initial": watch.initial})),
    }
}

pub(super) fn request(
    api: &Api,
    user: &User,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    send(api, user, method, path, "application/json", body)
}

pub(super) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

pub(super) fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

#[test]
fn a_defect_of_the_server_is_answered_as_an_internal_error() {
    let Reply::Json(500, status) = reply_of(|| panic!("a defect, on purpose")) else {
        panic!("another answer")
    };
    assert_eq!(status["kind"], "Status");
    assert_eq!(status["code"], 500);
}

#[test]
fn objects_are_created_once_and_replaced_by_who_saw_them() {
    let (api, admin) = (api(), admin());
    let (status, created) = request(
        &api,
        &admin,
        "POST",
        CONFIG_MAPS,
        &config_map("a", json!({"k": "1"})),
    );
    assert_eq!(
        (status, created["metadata"]["namespace"].as_str()),
        (201, Some("default"))
    );
    let (status, refused) = request(
        &api,
        &admin,
        "POST",
        CONFIG_MAPS,
        &config_map("a", json!({})),
    );
    assert_eq!(
        (status, refused["message"].as_str()),
        (409, Some("configmaps \"a\" already exists"))
    );
    let mut newer = created.clone();
    newer["data"]["k"] = "2".into();
    let one = format!("{CONFIG_MAPS}/a");
    assert_eq!(request(&api, &admin, "PUT", &one, &newer).0, 200);
    assert_eq!(
        request(&api, &admin, "PUT", &one, &newer).1["reason"],
        "Conflict",
        "its version is an old one by now"
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "PUT",
            &one,
            &config_map("a", json!({"k": "3"}))
        )
        .0,
        200,
        "without a version the last wins"
    );
    assert_eq!(request(&api, &admin, "DELETE", &one, &Value::Null).0, 200);
    assert_eq!(
        request(&api, &admin, "GET", &one, &Value::Null).1["message"],
        "configmaps \"a\" not found"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let (api, admin) = (api(), admin());
    assert_eq!(
        request(
            &api,
            &admin,
            "POST",
            "/api/v1/namespaces/nowhere/configmaps",
            &config_map("a", json!({}))
        )
        .0,
        404
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "POST",
            CONFIG_MAPS,
            &config_map("Bad_Name", json!({}))
        )
        .0,
        422
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "POST",
            "/api/v1/namespaces/default/secrets",
            &config_map("a", json!({}))
        )
        .0,
        400
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "GET",
            "/api/v1/namespaces/default/nonsense",
            &Value::Null
        )
        .0,
        404
    );
    assert_eq!(
        send(
            &api,
            &admin,
            "POST",
            CONFIG_MAPS,
            "application/vnd.kubernetes.protobuf",
            &Value::Null
        )
        .0,
        415
    );
}

#[test]
fn rbac_gives_what_is_bound_and_no_more() {
    let (api, admin) = (api(), admin());
    let (reader, anonymous) = (user("reader", &["team"]), User::anonymous());
    let (status, refused) = request(&api, &reader, "GET", CONFIG_MAPS, &Value::Null);
    assert_eq!(status, 403);
    let words = "configmaps is forbidden: User \"reader\" cannot list resource \"configmaps\" in \
        API group \"\" in the namespace \"default\"";
    assert_eq!(refused["message"], words);
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let group = "rbac.authorization.k8s.io";
    let rules = json!([{
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["a"],
        "verbs": ["get"],
    }]);
    let role = json!({
        "apiVersion": format!("{group}/v1"),
        "kind": "Role",
        "metadata": {"name": "r"},
        "rules": rules,
    });
    let binding = json!({
        "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": "r"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "r"},
        "subjects": [{"kind": "Group", "name": "team"}],
    });
    assert_eq!(
        request(&api, &admin, "POST", &format!("{rbac}/roles"), &role).0,
        201
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "POST",
            &format!("{rbac}/rolebindings"),
            &binding
        )
        .0,
        201
    );
    request(
        &api,
        &admin,
        "POST",
        CONFIG_MAPS,
        &config_map("a", json!({})),
    );
    request(
        &api,
        &admin,
        "POST",
        CONFIG_MAPS,
        &config_map("b", json!({})),
    );
    assert_eq!(
        request(
            &api,
            &reader,
            "GET",
            &format!("{CONFIG_MAPS}/a"),
            &Value::Null
        )
        .0,
        200
    );
    assert_eq!(
        request(
            &api,
            &reader,
            "GET",
            &format!("{CONFIG_MAPS}/b"),
            &Value::Null
        )
        .0,
        403
    );
    assert_eq!(
        request(&api, &reader, "GET", CONFIG_MAPS, &Value::Null).0,
        403
    );
    assert_eq!(
        request(&api, &anonymous, "GET", "/version", &Value::Null).0,
        200
    );
    assert_eq!(
        request(&api, &anonymous, "GET", "/apis", &Value::Null).0,
        403
    );
}

#[test]
fn nobody_gives_what_they_do_not_have() {
    let (api, admin) = (api(), admin());
    let group = "rbac.authorization.k8s.io";
    let base = format!("/apis/{group}/v1");
    let editor = user("editor", &[]);
    let role = |name: &str, rules: Value| {
        json!({
            "apiVersion": format!("{group}/v1"),
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        })
    };
    let own = json!([{
        "apiGroups": [group],
        "resources": ["clusterroles", "clusterrolebindings"],
        "verbs": ["create"],
    }]);
    request(
        &api,
        &admin,
        "POST",
        &format!("{base}/clusterroles"),
        &role("editor", own),
    );
    let binding = |name: &str, role: &str| {
        json!({
            "apiVersion": format!("{group}/v1"),
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "name": "editor"}],
        })
    };
    request(
        &api,
        &admin,
        "POST",
        &format!("{base}/clusterrolebindings"),
        &binding("editor", "editor"),
    );
    assert_eq!(
        request(
            &api,
            &editor,
            "POST",
            &format!("{base}/clusterrolebindings"),
            &binding("more", "cluster-admin")
        )
        .0,
        403
    );
    let all = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    assert_eq!(
        request(
            &api,
            &editor,
            "POST",
            &format!("{base}/clusterroles"),
            &role("all", all)
        )
        .0,
        403
    );
}

#[test]
fn a_kubelet_is_let_near_its_own_node_alone() {
    let api = api();
    let kubelet = user("system:node:a", &["system:nodes"]);
    let node = |name: &str| {
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name},
            "spec": {},
        })
    };
    request(&api, &admin(), "POST", "/api/v1/nodes", &node("b"));
    assert_eq!(
        request(&api, &kubelet, "POST", "/api/v1/nodes", &node("a")).0,
        201
    );
    let patch = json!({"metadata": {"labels": {"x": "y"}}});
    let patched = |name: &str| {
        send(
            &api,
            &kubelet,
            "PATCH",
            &format!("/api/v1/nodes/{name}"),
            "application/merge-patch+json",
            &patch,
        )
        .0
    };
    assert_eq!((patched("a"), patched("b")), (200, 403));
    assert_eq!(
        request(
            &api,
            &kubelet,
            "GET",
            "/api/v1/namespaces/kube-system/secrets",
            &Value::Null
        )
        .0,
        403
    );
}

#[test]
fn patches_of_every_kind() {
    let (api, admin) = (api(), admin());
    let address = |kind: &str, address: &str| {
        json!({
            "status": {"addresses": [{"type": kind, "address": address}]},
        })
    };
    let mut node = address("InternalIP", "192.0.2.2");
    node["metadata"]["name"] = "n".into();
    node["spec"]["taints"] = json!([{"key": "a", "effect": "NoExecute"}]);
    node["kind"] = "Node".into();
    node["apiVersion"] = "v1".into();
    request(&api, &admin, "POST", "/api/v1/nodes", &node);
    let one = "/api/v1/nodes/n";
    let taint = json!({"spec": {"taints": [{"key": "b", "effect": "NoSchedule"}]}});
    let (_, merged) = send(
        &api,
        &admin,
        "PATCH",
        one,
        "application/strategic-merge-patch+json",
        &taint,
    );
    assert_eq!(
        merged["spec"]["taints"].as_array().map(Vec::len),
        Some(1),
        "taints are replaced as a whole"
    );
    let status = "/api/v1/nodes/n/status";
    let (_, merged) = send(
        &api,
        &admin,
        "PATCH",
        status,
        "application/strategic-merge-patch+json",
        &address("Hostname", "n"),
    );
    assert_eq!(
        merged["status"]["addresses"].as_array().map(Vec::len),
        Some(2),
        "addresses are merged by their type"
    );
    let (_, replaced) = send(
        &api,
        &admin,
        "PATCH",
        status,
        "application/merge-patch+json",
        &address("Hostname", "m"),
    );
    assert_eq!(
        replaced["status"]["addresses"].as_array().map(Vec::len),
        Some(1)
    );
    let steps = json!([{"op": "test", "path": "/kind", "value": "Nope"}]);
    assert_eq!(
        send(
            &api,
            &admin,
            "PATCH",
            one,
            "application/json-patch+json",
            &steps
        )
        .0,
        422
    );
    let applied = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "s"},
        "data": {"a": "1"},
    });
    let path = format!("{CONFIG_MAPS}/s?fieldManager=one");
    assert_eq!(
        send(
            &api,
            &admin,
            "PATCH",
            &path,
            "application/apply-patch+yaml",
            &applied
        )
        .0,
        201
    );
    let other = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "s"},
        "data": {"a": "2"},
    });
    let path = format!("{CONFIG_MAPS}/s?fieldManager=two");
    assert_eq!(
        send(
            &api,
            &admin,
            "PATCH",
            &path,
            "application/apply-patch+yaml",
            &other
        )
        .0,
        409
    );
    assert_eq!(
        send(
            &api,
            &admin,
            "PATCH",
            &format!("{path}&force=true"),
            "application/apply-patch+yaml",
            &other
        )
        .0,
        200
    );
}

#[test]
fn services_have_addresses_of_their_own() {
    let (api, admin) = (api(), admin());
    let service = |name: &str, spec: Value| {
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": spec,
        })
    };
    let path = "/api/v1/namespaces/default/services";
    let (_, given) = request(
        &api,
        &admin,
        "POST",
        path,
        &service("a", json!({"ports": [{"port": 80}]})),
    );
    assert!(
        given["spec"]["clusterIP"]
            .as_str()
            .is_some_and(|address| address.starts_with("10.96."))
    );
    assert_eq!(
        given["spec"]["ports"][0],
        json!({"port": 80, "protocol": "TCP", "targetPort": 80})
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "POST",
            path,
            &service("b", json!({"clusterIP": "10.96.0.1"}))
        )
        .0,
        422,
        "taken"
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "POST",
            path,
            &service("b", json!({"clusterIP": "192.0.2.1"}))
        )
        .0,
        422,
        "out of range"
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "POST",
            path,
            &service("b", json!({"clusterIP": "10.96.0.10"}))
        )
        .0,
        201
    );
}

#[test]
fn cluster_info_is_signed_and_tokens_run_out_with_what_they_own() {
    let (api, admin) = (api(), admin());
    let secrets = "/api/v1/namespaces/kube-system/secrets";
    let token = |id: &str, expires: &str| {
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": format!("bootstrap-token-{id}")},
            "type": "bootstrap.kubernetes.io/token",
            "stringData": {
                "token-id": id,
                "token-secret": "0123456789abcdef",
                "usage-bootstrap-signing": "true",
                "expiration": expires,
            },
        })
    };
    request(
        &api,
        &admin,
        "POST",
        secrets,
        &token("abcdef", "2999-01-01T00:00:00Z"),
    );
    let info = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "cluster-info"},
        "data": {"kubeconfig": "text"},
    });
    request(
        &api,
        &admin,
        "POST",
        "/api/v1/namespaces/kube-public/configmaps",
        &info,
    );
    let (_, signed) = request(
        &api,
        &admin,
        "GET",
        "/api/v1/namespaces/kube-public/configmaps/cluster-info",
        &Value::Null,
    );
    assert_eq!(
        signed["data"]["jws-kubeconfig-abcdef"],
        crate::discovery::jws::sign("text", &"abcdef.0123456789abcdef".into()).as_str()
    );
    let owned = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "kubeadm-certs",
            "ownerReferences": [{
                "apiVersion": "v1",
                "kind": "Secret",
                "name": "bootstrap-token-oldone",
                "uid": "x",
            }],
        },
    });
    request(&api, &admin, "POST", secrets, &owned);
    request(
        &api,
        &admin,
        "POST",
        secrets,
        &token("oldone", "2001-01-01T00:00:00Z"),
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "GET",
            &format!("{secrets}/bootstrap-token-oldone"),
            &Value::Null
        )
        .0,
        404
    );
    assert_eq!(
        request(
            &api,
            &admin,
            "GET",
            &format!("{secrets}/kubeadm-certs"),
            &Value::Null
        )
        .0,
        404
    );
}

/// Whoever was killed comes back with what it answered that it had.
#[test]
fn what_was_kept_brings_everything_back() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    let log = Arc::new(Log::below(root.path()));
    let (api, admin) = (over(Store::kept(Vec::new(), log.clone())), admin());
    request(
        &api,
        &admin,
        "POST",
        CONFIG_MAPS,
        &config_map("before", json!({})),
    );
    log.begin(&api.store.lock().unwrap().entries()).unwrap();
    for name in ["a", "b"] {
        request(
            &api,
            &admin,
            "POST",
            CONFIG_MAPS,
            &config_map(name, json!({"k": "1"})),
        );
    }
    request(
        &api,
        &admin,
        "PUT",
        &format!("{CONFIG_MAPS}/a"),
        &config_map("a", json!({"k": "2"})),
    );
    request(
        &api,
        &admin,
        "DELETE",
        &format!("{CONFIG_MAPS}/b"),
        &Value::Null,
    );
    let restored = Store::kept(Log::read(&files).unwrap(), log);
    assert_eq!(
        restored.get(core("configmaps"), "default", "a").unwrap()["data"]["k"],
        "2"
    );
    let store = api.store.lock().unwrap();
    assert_eq!(
        (restored.entries(), restored.version()),
        (store.entries(), store.version())
    );
}

#[test]
fn lists_are_selected_by_labels_and_fields() {
    let (api, admin) = (api(), admin());
    for (name, tier) in [("a", "x"), ("b", "y"), ("c", "y")] {
        let mut object = config_map(name, json!({}));
        object["metadata"]["labels"] = json!({"tier": tier});
        request(&api, &admin, "POST", CONFIG_MAPS, &object);
    }
    let names = |query: &str| -> Vec<String> {
        let (_, list) = request(
            &api,
            &admin,
            "GET",
            &format!("{CONFIG_MAPS}?{query}"),
            &Value::Null,
        );
        list["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| item["metadata"]["name"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(names("labelSelector=tier%3Dy"), ["b", "c"]);
    assert_eq!(names("labelSelector=tier+in+(x,z)"), ["a"]);
    assert_eq!(names("labelSelector=tier,tier!%3Dy"), ["a"]);
    assert_eq!(names("fieldSelector=metadata.name%3Db"), ["b"]);
}
