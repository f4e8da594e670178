use super::*;
use serde_json::json;

/// Definitions that each refer twice to the next one.
fn doubling(definitions: usize, refer: impl Fn(Value) -> Value) -> Value {
    let definition = |number: usize| match number {
        last if last == definitions => json!({}),
        number => {
            let next = json!({"$ref": format!("#/$defs/d{}", number + 1)});
            refer(next)
        }
    };
    let definitions: serde_json::Map<String, Value> = (0..=definitions)
        .map(|number| (format!("d{number}"), definition(number)))
        .collect();
    json!({"$ref": "#/$defs/d0", "$defs": definitions})
}

fn refusal(schema: &Value, settings: &Value) -> String {
    check(schema, settings).unwrap_err().to_string()
}

#[test]
fn references_that_double_the_work_are_refused() {
    for refer in [
        |next: Value| json!({"allOf": [next.clone(), next]}),
        |next: Value| json!({"anyOf": [next.clone(), {"not": next}]}),
        |next: Value| json!({"properties": {"a": next.clone(), "b": next}}),
        |next: Value| {
            json!({
                "if": next.clone(),
                "then": next.clone(),
                "dependentSchemas": {"a": next},
            })
        },
    ] {
        assert!(refusal(&doubling(31, refer), &json!({})).contains("more than 50000 schemas"));
        check(&doubling(6, refer), &json!({})).unwrap();
    }
}

#[test]
fn a_recursive_schema_costs_in_proportion_to_the_depth_of_the_settings() {
    let tree = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
    check(&tree, &json!({"left": {"right": {"left": {}}}})).unwrap();
    let doubling = json!({"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}});
    let deep = (0..40).fold(json!({}), |inner, _| json!({"a": inner}));
    assert!(refusal(&doubling, &deep).contains("too expensive"));
    assert!(
        refusal(&json!({"allOf": [{"$ref": "#"}]}), &json!({}))
            .contains("refers to itself without end")
    );
}

#[test]
fn references_to_elsewhere_are_refused() {
    for reference in [
        "https://example.com/schema",
        "file:///etc/passwd",
        "#name",
        "#/$defs/none",
        "#/%24defs/a",
        "other#/a",
    ] {
        let message = refusal(&json!({"$ref": reference, "$defs": {"a": {}}}), &json!({}));
        assert!(
            message.contains("write a reference to a part of the schema"),
            "{message}"
        );
    }
    assert!(
        refusal(&json!({"properties": {"a": {"$id": "b"}}}), &json!({}))
            .contains("a part with an id")
    );
    assert!(refusal(&json!({"$dynamicRef": "#a"}), &json!({})).contains("use $ref"));
    // A property may have the name of a keyword.
    check(
        &json!({
            "$id": "https://example.com/a",
            "properties": {"$ref": {}, "$id": {}, "id": {}},
        }),
        &json!({}),
    )
    .unwrap();
}

#[test]
fn schemas_and_settings_that_are_too_deep_or_too_many_are_refused() {
    let chain = doubling(500, |next| json!({"allOf": [next]}));
    assert!(refusal(&chain, &json!({})).contains("nested more than 100 deep"));
    let deep = (0..100).fold(json!({}), |inner, _| json!({"a": inner}));
    assert!(refusal(&json!({}), &deep).contains("nested more than 64 deep"));
    assert!(refusal(&json!({}), &json!(vec![0; 200_000])).contains("more than 100000 values"));
}

#[test]
fn regular_expressions_are_few_and_small() {
    let heavy = |number: usize| format!("^(\\w{{90}}|\\pL{{90}}){number}");
    let many = |count: usize, pattern: &dyn Fn(usize) -> String| {
        let patterns = (0..count).map(|number| (pattern(number), json!({})));
        json!({"patternProperties": Value::Object(patterns.collect())})
    };
    let values = |count: usize| {
        let values = (0..count).map(|number| json!({"pattern": format!("^a{number}$")}));
        json!({"anyOf": values.collect::<Vec<_>>()})
    };
    let behind_references = json!({
        "$defs": {"a": values(30)},
        "allOf": vec![json!({"$ref": "#/$defs/a"}); 10],
    });
    for schema in [many(300, &heavy), values(300), behind_references] {
        let told = refusal(&schema, &json!({}));
        assert!(told.contains("00 regular expressions"), "{told}");
    }
    for pattern in [heavy(1), "^(?=a)b".to_owned(), "(a)\\1".to_owned()] {
        let schema = json!({"properties": {"x": {"pattern": pattern}}});
        check(&schema, &json!({})).unwrap();
        let told = compile(&schema).unwrap_err().to_string();
        assert!(told.contains("no look-around"), "{told}");
    }
    let usual = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    let schema = json!({"type": "object", "properties": {"x": {"pattern": usual}},
        "patternProperties": {r"^\d{1,3}$": {"pattern": r"^\p{L}+$"}}});
    check(&schema, &json!({"x": "a"})).unwrap();
    let validator = compile(&schema).unwrap();
    assert!(validator.is_valid(&json!({"x": "a-b.c", "12": "é"})));
    assert!(!validator.is_valid(&json!({"x": "-"})) && !validator.is_valid(&json!({"1": "1"})));
}

#[test]
fn long_texts_are_compared_with_few_schemas() {
    let text = json!("x".repeat(500_000));
    let texts = json!({"allOf": vec![json!({"minLength": 1}); 2000]});
    assert!(refusal(&texts, &text).contains("too expensive"));
    check(&texts, &json!("short")).unwrap();
    let patterns = json!({"allOf": vec![json!({"pattern": "^(.*x){9}.{30}y"}); 10]});
    assert!(refusal(&patterns, &text).contains("too expensive"));
    check(&patterns, &json!("short")).unwrap();
}
