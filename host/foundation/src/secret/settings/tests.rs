use super::*;
use serde_json::json;

#[test]
fn settings_that_the_schema_marks_are_hidden_wherever_they_are() {
    let schema = json!({
        "type": "object",
        "$defs": {
            "login": {
                "type": "object",
                "properties": {"password": {"format": "password"}, "user": {}},
            },
        },
        "properties": {
            "token": {"type": "string", "writeOnly": true},
            "main": {"$ref": "#/$defs/login"},
            "others": {"type": "array", "items": {"$ref": "#/$defs/login"}},
            "either": {
                "anyOf": [{"type": "null"}, {"properties": {"key": {"writeOnly": true}}}],
            },
            "loop": {"$ref": "#/properties/loop"},
        },
        "additionalProperties": {"writeOnly": true},
    });
    let mut settings = json!({
        "token": "s-1",
        "main": {"user": "u", "password": "s-2"},
        "others": [{"user": "v", "password": "s-3"}],
        "either": {"key": {"deep": "s-4"}}, "loop": {"a": 1}, "further": "s-5",
    });
    let found = hide(&schema, &mut settings);
    let mut found: Vec<_> = found.iter().map(Secret::reveal).collect();
    found.sort_unstable();
    assert_eq!(found, ["s-1", "s-2", "s-3", "s-4", "s-5"]);
    let hidden = PLACEHOLDER;
    assert_eq!(
        settings,
        json!({
            "token": hidden,
            "main": {"user": "u", "password": hidden},
            "others": [{"user": "v", "password": hidden}],
            "either": {"key": hidden}, "loop": {"a": 1}, "further": hidden,
        })
    );
}

#[test]
fn settings_whose_name_is_that_of_a_secret_are_hidden_unless_the_schema_says_otherwise() {
    let mut settings = json!({
        "a": "b",
        "Api-Token": "s-1",
        "deep": [{"password": "s-2"}],
        "tokenFile": "/f",
        "secret": true,
    });
    assert_eq!(
        hide(&Value::Null, &mut settings),
        ["s-1", "s-2"].map(Secret::from)
    );
    let hidden = PLACEHOLDER;
    let wanted = json!({
        "a": "b",
        "Api-Token": hidden,
        "deep": [{"password": hidden}],
        "tokenFile": "/f",
        "secret": true,
    });
    assert_eq!(settings, wanted);
    let mut settings = json!({"token": "public"});
    assert!(
        hide(
            &json!({"properties": {"token": {"writeOnly": false}}}),
            &mut settings
        )
        .is_empty()
    );
    assert_eq!(settings, json!({"token": "public"}));
}

#[test]
fn a_setting_whose_text_is_a_credential_is_hidden_whatever_its_name_is() {
    let given = json!({
        "proxy": "https://u:canary@h/",
        "mirrors": ["https://h/", "https://u:canary@h:5000/v2", {"at": "registry://u:canary@h"}],
        "line": "host=h password=canary",
        "key": "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        "header": "Authorization: Bearer abcdefgh12345678",
        "plain": "https://h/@scope/name", "git": "ssh://git@h/own",
        "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5f9a2d5d4a2bbd1ee2d1b1c3b7c9f4b2",
    });
    let mut settings = given.clone();
    let found = hide(&Value::Null, &mut settings);
    let hidden = PLACEHOLDER;
    assert_eq!(
        settings,
        json!({
            "proxy": hidden, "mirrors": ["https://h/", hidden, {"at": hidden}], "line": hidden,
            "key": hidden, "header": hidden, "plain": given["plain"], "git": given["git"],
            "digest": given["digest"],
        })
    );
    // A message may have the password without its URL.
    assert!(found.iter().any(|secret| secret.reveal() == "canary"));
}

#[test]
fn a_text_that_the_schema_calls_plain_is_not_judged_by_its_content() {
    let plain = json!({"writeOnly": false});
    let schema = json!({"properties": {"a": plain, "b": {"items": plain}}});
    let given = json!({"a": "https://u:canary@h/", "b": ["https://u:canary@h/"]});
    let mut settings = given.clone();
    assert!(hide(&schema, &mut settings).is_empty());
    assert_eq!(settings, given);
}

#[test]
fn a_mark_is_refused_where_it_is_not_seen() {
    let marked = json!({"properties": {"x": {"writeOnly": true}}});
    for schema in [
        json!({"patternProperties": {"^a": marked}}),
        json!({"prefixItems": [{"format": "password"}]}),
        json!({"items": [marked]}),
        json!({"contains": marked}),
        json!({"if": {}, "then": marked}),
        json!({"not": marked}),
        json!({"dependentSchemas": {"a": marked}}),
        json!({"unevaluatedProperties": {"writeOnly": true}}),
        json!({"$defs": {"d": marked}, "properties": {"p": {"else": {"$ref": "#/$defs/d"}}}}),
        json!({
            "$defs": {"d": marked},
            "properties": {"p": {"$ref": "#/$defs/d"}},
            "then": {"anyOf": [{"$ref": "#/$defs/d"}]},
        }),
    ] {
        assert!(check_marks(&schema).is_err(), "{schema}");
    }
    for schema in [
        json!({"properties": {"if": {"writeOnly": true}, "not": marked}}),
        json!({"items": marked, "anyOf": [marked], "additionalProperties": marked}),
        json!({"$defs": {"d": marked}, "properties": {"p": {"$ref": "#/$defs/d"}}}),
        json!({"if": {"properties": {"kind": {"const": "a"}}}, "then": {"required": ["x"]}}),
        json!({"properties": {"loop": {"not": {"$ref": "#/properties/loop"}}}}),
        json!({"default": {"not": marked}, "const": {"if": {"writeOnly": true}}}),
    ] {
        assert_eq!(check_marks(&schema), Ok(()), "{schema}");
    }
}

#[test]
fn settings_that_are_nested_deeper_than_schemas_are_followed_are_hidden() {
    let mut schema = json!({"writeOnly": true});
    let mut settings = json!("s-1");
    for _ in 0..40 {
        schema = json!({"properties": {"a": schema}});
        settings = json!({"a": settings});
    }
    let found = hide(&schema, &mut settings);
    assert_eq!(found, ["s-1"].map(Secret::from));
    assert!(!settings.to_string().contains("s-1"));
    assert!(list_secrets(&schema)[0].contains("digest"));
}

/// A judgement of each text for each schema would take minutes.
#[test]
fn a_text_is_judged_once_however_many_schemas_describe_it() {
    let texts = (0..1000).map(|number| format!("pass word {number}: x = AbC{number}"));
    let mut settings = json!({"notes": texts.collect::<Vec<_>>()});
    let before = settings.clone();
    let schema = json!({
        "properties": {"notes": {"allOf": vec![json!({"items": {}}); 1000]}},
    });
    assert!(hide(&schema, &mut settings).is_empty());
    assert_eq!(settings, before);
}

#[test]
fn a_default_of_the_schema_is_hidden_but_not_a_secret() {
    let schema = json!({
        "properties": {
            "words": {"items": {"writeOnly": true}, "default": ["a word of many"]},
            "login": {"properties": {"password": {"default": "change me"}}},
        },
    });
    let mut settings = json!({
        "words": ["a word of many", "a secret token"],
        "login": {"password": "change me"},
    });
    let found = hide(&schema, &mut settings);
    assert_eq!(
        found.iter().map(Secret::reveal).collect::<Vec<_>>(),
        ["a secret token"]
    );
    assert_eq!(
        settings,
        json!({"words": [PLACEHOLDER, PLACEHOLDER], "login": {"password": PLACEHOLDER}})
    );
}
