use super::*;
use serde_json::json;

fn config_map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
}

#[test]
fn every_text_of_an_object_is_classified() {
    let key = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";
    let kubeconfig = "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user: {token: abc}\n";
    for data in [
        json!({"a": "plain", "b": key}),
        json!({"a": kubeconfig}),
        json!({"a": data_encoding::BASE64.encode(key.as_bytes())}),
        json!({"a": [{"b": {"c": key}}]}),
        json!({"token": "abcdef.0123456789abcdef"}),
        json!({"Authorization": "Bearer 0123456789"}),
        json!({"users": [{"name": "a", "user": {"token": "abc"}}]}),
    ] {
        let object = config_map(data);
        assert!(
            object.credential(&Budget::unlimited()).is_some(),
            "{object}"
        );
        assert!(
            vec![config_map(json!({})), object]
                .credential(&Budget::unlimited())
                .is_some()
        );
    }
    assert_eq!(
        config_map(json!({"a": "plain"})).credential(&Budget::unlimited()),
        None
    );
}
