use super::super::tests::{CONFIG_MAPS, TestClient, config_map, new_state};
use serde_json::{Value, json};

fn in_default(plural: &str) -> String {
    format!("/api/v1/namespaces/default/{plural}")
}

fn named_object(kind: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "odd"}})
}

/// An object of another shape is refused, and the request gets an answer.
#[test]
fn objects_of_another_shape_are_refused() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    let odd = [json!([]), json!([[]]), json!("x"), json!(1), json!(true)];
    for odd in &odd {
        let mut sent = vec![(in_default("configmaps"), odd.clone())];
        for (plural, kind, fields) in [
            ("configmaps", "ConfigMap", &["metadata", "data"][..]),
            ("secrets", "Secret", &["metadata", "data", "stringData"]),
            ("services", "Service", &["metadata", "spec", "status"]),
        ] {
            for field in fields {
                let mut object = named_object(kind);
                object[*field] = odd.clone();
                sent.push((in_default(plural), object));
            }
        }
        for field in ["labels", "annotations"] {
            let mut object = named_object("Namespace");
            object["metadata"][field] = odd.clone();
            sent.push(("/api/v1/namespaces".into(), object));
        }
        let mut service = named_object("Service");
        service["spec"] = json!({"ports": [odd]});
        sent.push((in_default("services"), service));
        let mut binding = named_object("ClusterRoleBinding");
        binding["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
        binding["subjects"] = json!([odd]);
        sent.push((roles.into(), binding));
        for (path, object) in sent {
            let created = admin.post(&path, &object);
            let applied = admin.send(
                "PATCH",
                &format!("{path}/odd?fieldManager=tests&force=true"),
                "application/apply-patch+yaml",
                &object,
            );
            for (status, answer) in [created, applied] {
                assert!((400..500).contains(&status), "{object}: {status} {answer}");
            }
        }
    }
}

#[test]
fn patches_that_give_an_object_another_shape_are_refused() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let made = config_map("odd", json!({}));
    assert_eq!(admin.post(CONFIG_MAPS, &made).0, 201);
    for (content_type, patch) in [
        ("application/merge-patch+json", json!([])),
        ("application/merge-patch+json", json!({"metadata": "x"})),
        (
            "application/strategic-merge-patch+json",
            json!({"metadata": []}),
        ),
        (
            "application/json-patch+json",
            json!([{"op": "replace", "path": "/metadata", "value": []}]),
        ),
        (
            "application/json-patch+json",
            json!([{"op": "replace", "path": "", "value": []}]),
        ),
        (
            "application/apply-patch+yaml",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": []}),
        ),
    ] {
        for sub in ["", "/status"] {
            let path = format!("{CONFIG_MAPS}/odd{sub}?fieldManager=tests");
            let (status, answer) = admin.send("PATCH", &path, content_type, &patch);
            assert!((400..500).contains(&status), "{patch}: {status} {answer}");
        }
    }
}
