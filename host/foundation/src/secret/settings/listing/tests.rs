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
fn settings_that_the_schema_does_not_name_are_listed_with_the_exceptions() {
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
fn a_recursive_schema_is_listed_and_a_large_one_only_by_its_digest() {
    let tree = json!({"properties": {"next": {"$ref": "#"}, "pin": {"writeOnly": true}}});
    assert!(list_secrets(&tree).contains(&"setting /pin is secret".to_owned()));
    let [one, other] = ["20", "21"].map(|last| list_secrets(&doubling_schema(last)));
    assert!(one.len() == 1 && one[0].contains("digest"), "{one:?}");
    assert_ne!(one, other);
}

#[test]
fn a_setting_that_is_not_secret_is_listed_beside_any_number_of_secret_ones() {
    let mut schema = json!({"properties": {"password": {"writeOnly": false}}});
    for number in 0..600 {
        schema["properties"][format!("key-{number}")] = json!({"writeOnly": true});
    }
    let lines = list_secrets(&schema);
    assert_eq!(lines.len(), 502);
    assert!(
        lines[500].contains("100 further settings that are secret"),
        "{}",
        lines[500]
    );
    assert_eq!(lines[501], "setting /password is not secret");
}
