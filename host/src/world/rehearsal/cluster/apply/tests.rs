use super::*;

fn map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data})
}

#[test]
fn two_managers_share_an_object_until_they_disagree() {
    let a = apply(None, &map(json!({"a": "1", "b": "1"})), "first", false).unwrap();
    let b = apply(Some(&a), &map(json!({"c": "1"})), "second", false).unwrap();
    assert_eq!(b["data"], json!({"a": "1", "b": "1", "c": "1"}));
    let refused = apply(Some(&b), &map(json!({"a": "2"})), "second", false).unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (
            409,
            "Apply failed with 1 conflict: conflict with \"first\": .data.a"
        )
    );
    let forced = apply(Some(&b), &map(json!({"a": "2", "c": "1"})), "second", true).unwrap();
    assert_eq!(forced["data"]["a"], "2");
    let without = apply(Some(&forced), &map(json!({"b": "1"})), "first", false).unwrap();
    assert_eq!(
        without["data"],
        json!({"a": "2", "b": "1", "c": "1"}),
        "a is the second's by now"
    );
    let gone = apply(Some(&without), &map(json!({})), "second", false).unwrap();
    assert_eq!(gone["data"], json!({"b": "1"}));
}

#[test]
fn lists_of_named_things_are_shared_by_name() {
    let pod = |containers: Value| {
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "x"},
            "spec": {"containers": containers},
        })
    };
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
        "a list that is empty is one value"
    );
}
