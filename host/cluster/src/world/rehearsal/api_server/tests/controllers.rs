//! Addresses of Services, bootstrap tokens, and Jobs.
use super::*;
use crate::pki::jws;

const SERVICES: &str = "/api/v1/namespaces/default/services";
const SECRETS: &str = "/api/v1/namespaces/kube-system/secrets";

fn service(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": spec,
    })
}

#[test]
fn every_service_gets_an_address_of_its_own() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let (_, created) = admin.post(SERVICES, &service("a", json!({"ports": [{"port": 80}]})));
    assert!(
        created["spec"]["clusterIP"]
            .as_str()
            .is_some_and(|address| address.starts_with("10.96."))
    );
    assert_eq!(
        created["spec"]["ports"][0],
        json!({"port": 80, "protocol": "TCP", "targetPort": 80})
    );
    for (address, status, why) in [
        ("10.96.0.1", 422, "taken"),
        ("192.0.2.1", 422, "out of range"),
        ("10.96.0.10", 201, "free"),
    ] {
        let object = service("b", json!({"clusterIP": address}));
        assert_eq!(admin.post(SERVICES, &object).0, status, "{why}");
    }
}

fn token(id: &str, expires: &str) -> Value {
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
}

#[test]
fn cluster_info_is_signed_with_bootstrap_tokens() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let public = "/api/v1/namespaces/kube-public/configmaps";
    admin.post(SECRETS, &token("abcdef", "2999-01-01T00:00:00Z"));
    admin.post(
        public,
        &config_map("cluster-info", json!({"kubeconfig": "text"})),
    );
    let (_, signed) = admin.get(&format!("{public}/cluster-info"));
    assert_eq!(
        signed["data"]["jws-kubeconfig-abcdef"],
        jws::sign("text", &"abcdef.0123456789abcdef".into()).as_str()
    );
}

#[test]
fn an_expired_token_is_deleted_with_the_secrets_that_it_owns() {
    let api = new_state();
    let admin = TestClient::admin(&api);
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
    admin.post(SECRETS, &owned);
    admin.post(SECRETS, &token("oldone", "2001-01-01T00:00:00Z"));
    for name in ["bootstrap-token-oldone", "kubeadm-certs"] {
        assert_eq!(admin.get(&format!("{SECRETS}/{name}")).0, 404, "{name}");
    }
}

const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";

fn job(name: &str, seconds: i64) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"ttlSecondsAfterFinished": seconds},
    })
}

#[test]
fn jobs_are_done_at_once_and_go_after_their_time() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    for (name, seconds) in [("kept", 600), ("over", -1)] {
        assert_eq!(admin.post(JOBS, &job(name, seconds)).0, 201);
    }
    let (_, kept) = admin.get(&format!("{JOBS}/kept"));
    assert_eq!(kept["status"]["conditions"][0]["type"], "Complete");
    assert_eq!(kept["status"]["succeeded"], 1);
    // The next change lets the controllers look again.
    admin.post(SERVICES, &service("a", json!({})));
    assert_eq!(admin.get(&format!("{JOBS}/over")).0, 404);
    assert_eq!(admin.get(&format!("{JOBS}/kept")).0, 200);
}

#[test]
fn nodes_are_selected_by_whether_they_take_pods() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    for (name, spec) in [
        ("free", json!({})),
        ("taken", json!({"unschedulable": true})),
        ("freed", json!({"unschedulable": false})),
    ] {
        let node = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec,
        });
        assert_eq!(admin.post("/api/v1/nodes", &node).0, 201, "{name}");
    }
    for (selector, expected) in [
        ("spec.unschedulable=false", vec!["free", "freed"]),
        ("spec.unschedulable=true", vec!["taken"]),
        ("spec.unschedulable!=true", vec!["free", "freed"]),
    ] {
        let (_, list) = admin.get(&format!("/api/v1/nodes?fieldSelector={selector}"));
        let names: Vec<&str> = list["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|node| node["metadata"]["name"].as_str())
            .collect();
        assert_eq!(names, expected, "{selector}");
    }
}
