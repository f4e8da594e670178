use super::*;
use serde_json::json;

#[test]
fn secret_settings_are_listed_wherever_they_are() {
    let schema = json!({
        "$defs": {"login": {"properties": {"user": {}, "pass": {"format": "password"}}}},
        "properties": {
            "apiToken": {"type": "string"},
            "signingToken": {"type": "string", "writeOnly": false},
            "hasToken": {"type": "boolean"},
            "logins": {"items": {"$ref": "#/$defs/login"}},
            "a/b": {"anyOf": [{"writeOnly": true}, {}]},
            "plain": {"type": "string"},
        },
    });
    assert_eq!(
        list_secrets(&schema),
        [
            "setting /apiToken is secret",
            "setting /a~1b is secret",
            "setting /logins/*/pass is secret",
            "setting /signingToken is not secret",
        ]
    );
}

#[test]
fn a_setting_that_leaves_a_secret_rest_is_listed() {
    let rest = json!({"additionalProperties": {"writeOnly": true}});
    assert_eq!(list_secrets(&rest), ["setting /* is secret"]);
    let without = json!({"additionalProperties": {"writeOnly": true}, "properties": {"own": {}}});
    assert_eq!(
        list_secrets(&without),
        ["setting /* is secret", "setting /own is not secret"]
    );
}

/// Returns a schema whose number of settings doubles with each of its levels.
fn doubling_schema(last: &str) -> Value {
    let mut definitions = json!({last: {"writeOnly": true}});
    for level in 0..20 {
        let next = format!("#/$defs/{}", level + 1);
        let twice = json!({"a": {"$ref": next}, "b": {"$ref": next}});
        definitions[level.to_string()] = json!({"properties": twice});
    }
    json!({"$defs": definitions, "$ref": "#/$defs/0"})
}

#[test]
fn schemas_without_end_are_listed_and_different_ones_differ() {
    let tree = json!({"properties": {"next": {"$ref": "#"}, "pin": {"writeOnly": true}}});
    assert!(list_secrets(&tree).contains(&"setting /pin is secret".to_owned()));
    let [one, other] = ["20", "21"].map(|last| list_secrets(&doubling_schema(last)));
    assert!(one.len() == 1 && one[0].contains("digest"), "{one:?}");
    assert_ne!(one, other);
}
