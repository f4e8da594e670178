use super::*;

fn config_map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data})
}

#[test]
fn two_managers_share_an_object_until_they_set_a_field_differently() {
    let a = apply(
        None,
        &config_map(json!({"a": "1", "b": "1"})),
        "first",
        false,
    )
    .unwrap();
    let b = apply(Some(&a), &config_map(json!({"c": "1"})), "second", false).unwrap();
    assert_eq!(b["data"], json!({"a": "1", "b": "1", "c": "1"}));
    let refused = apply(Some(&b), &config_map(json!({"a": "2"})), "second", false).unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (
            409,
            "Apply failed with 1 conflict: conflict with \"first\": .data.a"
        )
    );
    let forced = apply(
        Some(&b),
        &config_map(json!({"a": "2", "c": "1"})),
        "second",
        true,
    )
    .unwrap();
    assert_eq!(forced["data"]["a"], "2");
    let after_first_left_a = apply(
        Some(&forced),
        &config_map(json!({"b": "1"})),
        "first",
        false,
    )
    .unwrap();
    assert_eq!(
        after_first_left_a["data"],
        json!({"a": "2", "b": "1", "c": "1"}),
        "the second manager has the field a"
    );
    let after_second_left_all = apply(
        Some(&after_first_left_a),
        &config_map(json!({})),
        "second",
        false,
    )
    .unwrap();
    assert_eq!(after_second_left_all["data"], json!({"b": "1"}));
}

fn pod(containers: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x"},
        "spec": {"containers": containers},
    })
}

#[test]
fn lists_of_named_items_are_shared_by_name() {
    let a = apply(
        None,
        &pod(json!([{"name": "a", "image": "1"}])),
        "first",
        false,
    )
    .unwrap();
    let b = apply(
        Some(&a),
        &pod(json!([{"name": "b", "image": "1"}])),
        "second",
        false,
    )
    .unwrap();
    assert_eq!(b["spec"]["containers"].as_array().unwrap().len(), 2);
    let c = apply(Some(&b), &pod(json!([])), "second", true).unwrap();
    assert_eq!(
        c["spec"]["containers"],
        json!([]),
        "an empty list is one value"
    );
}
