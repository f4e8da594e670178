//! Creating, replacing, deleting and listing objects.
use super::*;

#[test]
fn objects_are_created_once_and_replaced_with_their_current_version() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let (status, created) = admin.post(CONFIG_MAPS, &config_map("a", json!({"k": "1"})));
    assert_eq!(
        (status, created["metadata"]["namespace"].as_str()),
        (201, Some("default"))
    );
    let (status, refused) = admin.post(CONFIG_MAPS, &config_map("a", json!({})));
    assert_eq!(
        (status, refused["message"].as_str()),
        (409, Some("configmaps \"a\" already exists"))
    );
    let mut newer = created.clone();
    newer["data"]["k"] = "2".into();
    let path = format!("{CONFIG_MAPS}/a");
    assert_eq!(admin.put(&path, &newer).0, 200);
    assert_eq!(
        admin.put(&path, &newer).1["reason"],
        "Conflict",
        "the version is not the current one"
    );
    let unversioned = config_map("a", json!({"k": "3"}));
    assert_eq!(
        admin.put(&path, &unversioned).0,
        200,
        "without a version the last request wins"
    );
    assert_eq!(admin.delete(&path).0, 200);
    assert_eq!(admin.get(&path).1["message"], "configmaps \"a\" not found");
}

#[test]
fn a_change_that_names_a_revision_changes_no_other_revision() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    let path = format!("{CONFIG_MAPS}/a");
    let (_, created) = admin.post(CONFIG_MAPS, &config_map("a", json!({"k": "1"})));
    let current = created["metadata"].clone();
    for (field, value) in [("resourceVersion", "1"), ("uid", "of-another")] {
        let mut metadata = json!({"name": "a"});
        metadata[field] = value.into();
        let mut manifest = config_map("a", json!({"k": "2"}));
        manifest["metadata"] = metadata.clone();
        let options = json!({"kind": "DeleteOptions", "preconditions": metadata});
        let apply = format!("{path}?fieldManager=m&force=true");
        for (status, answer) in [
            admin.put(&path, &manifest),
            admin.patch(&path, "strategic-merge-patch+json", &manifest),
            admin.patch(&apply, "apply-patch+yaml", &manifest),
            admin.send("DELETE", &path, "application/json", &options),
        ] {
            assert_eq!(
                (status, &answer["reason"]),
                (409, &json!("Conflict")),
                "{field}"
            );
        }
    }
    let revision = json!({
        "uid": current["uid"], "resourceVersion": current["resourceVersion"],
    });
    let options = json!({"kind": "DeleteOptions", "preconditions": revision});
    let (status, _) = admin.send("DELETE", &path, "application/json", &options);
    assert_eq!(status, 200);
    // An object that was deleted is not made again.
    let mut manifest = config_map("a", json!({}));
    manifest["metadata"]["uid"] = current["uid"].clone();
    let apply = format!("{path}?fieldManager=m&force=true");
    assert_eq!(admin.patch(&apply, "apply-patch+yaml", &manifest).0, 409);
}

#[test]
fn invalid_requests_are_refused() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    for (path, name, status) in [
        ("/api/v1/namespaces/nowhere/configmaps", "a", 404),
        (CONFIG_MAPS, "Bad_Name", 422),
        ("/api/v1/namespaces/default/secrets", "a", 400),
    ] {
        let object = config_map(name, json!({}));
        assert_eq!(admin.post(path, &object).0, status, "{path} {name}");
    }
    assert_eq!(admin.get("/api/v1/namespaces/default/nonsense").0, 404);
    let protobuf = "application/vnd.kubernetes.protobuf";
    assert_eq!(
        admin.send("POST", CONFIG_MAPS, protobuf, &Value::Null).0,
        415
    );
}

/// Lists the names of the ConfigMaps that a query selects.
fn selected_names(client: &TestClient, query: &str) -> Vec<String> {
    let (_, list) = client.get(&format!("{CONFIG_MAPS}?{query}"));
    list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["metadata"]["name"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn lists_are_selected_by_labels_and_fields() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    for (name, tier) in [("a", "x"), ("b", "y"), ("c", "y")] {
        let mut object = config_map(name, json!({}));
        object["metadata"]["labels"] = json!({"tier": tier});
        admin.post(CONFIG_MAPS, &object);
    }
    for (query, names) in [
        ("labelSelector=tier%3Dy", ["b", "c"].as_slice()),
        ("labelSelector=tier+in+(x,z)", &["a"]),
        ("labelSelector=tier,tier!%3Dy", &["a"]),
        ("fieldSelector=metadata.name%3Db", &["b"]),
    ] {
        assert_eq!(selected_names(&admin, query), names, "{query}");
    }
}

#[test]
fn a_defect_of_the_server_is_answered_as_an_internal_error() {
    let ApiReply::Json(500, status) = reply_of(|| panic!("a defect, on purpose")) else {
        panic!("another answer")
    };
    assert_eq!(status["kind"], "Status");
    assert_eq!(status["code"], 500);
}

#[test]
fn names_of_objects_are_subdomains() {
    let api = new_state();
    let admin = TestClient::admin(&api);
    for name in ["a", "a.b-c.d", "0"] {
        assert_eq!(admin.post(CONFIG_MAPS, &config_map(name, json!({}))).0, 201);
    }
    for name in ["a..b", "a.-b", "-a", "a.", "A", "a_b", &"a".repeat(254)] {
        let (status, _) = admin.post(CONFIG_MAPS, &config_map(name, json!({})));
        assert_eq!(status, 422, "{name}");
    }
}
