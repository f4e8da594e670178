//! Compares schemas with the checks of the values that they describe.
use serde_json::{Value, json};

/// Whether a value fits a schema.
pub fn is_valid(schema: &Value, value: &Value) -> bool {
    jsonschema::draft202012::new(schema)
        .expect("a JSON Schema")
        .is_valid(value)
}

/// Values of every type, and texts of every form that a field may demand.
pub fn samples() -> Vec<Value> {
    let texts = [
        "",
        "text",
        "0",
        "-1.5h",
        "1h30m",
        "1h 30m",
        "5",
        "1.s",
        ".s",
        "10us",
        "10µs",
        "1d",
        "1Gi",
        "500m",
        "+.5E",
        "1e3",
        "1e",
        "1KiB",
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.5+01:00",
        "2026-01-02 03:04:05",
        "abcdef.0123456789abcdef",
        "abcdef.0123456789abcde",
        "a abcdef.0123456789abcdef",
    ];
    let others = json!([
        null, true, 0, 1, -1, 4_294_967_296_u64, 9_223_372_036_854_775_808_u64, 1.5, [], [null],
        [1], ["x"], [[]], [{}], [{"x": 1}], {}, {"x": null}, {"x": "y"}, {"x": true}, {"x": 1},
    ]);
    let Value::Array(others) = others else {
        unreachable!("it is a list")
    };
    others.into_iter().chain(texts.map(Value::from)).collect()
}

/// Adds the JSON pointer of a value and of everything in it.
fn add_pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, below) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                add_pointers(below, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, below) in items.iter().enumerate() {
                add_pointers(below, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn holds_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(holds_text),
        Value::Object(fields) => fields.values().any(holds_text),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Compares a schema with a reader, for values that differ from `valid` in one place: with each
/// sample in the place, with an unknown field, and without the place. The schema refuses what the
/// reader refuses, and nothing else, with three exceptions: it does not know every form of a text;
/// only the schema judges the places in `of_schema`; and only the schema refuses lists that serde
/// reads as the fields of a struct in their order.
pub fn compare_with_reader(
    schema: &Value,
    valid: &Value,
    of_schema: &[&str],
    read: &dyn Fn(&Value) -> Result<(), String>,
) {
    let validator = jsonschema::draft202012::new(schema).expect("a JSON Schema");
    let judge = |changed: &Value, place: &str, change: &str, is_text: bool| {
        let (accepted, read) = (validator.is_valid(changed), read(changed));
        if accepted {
            assert!(read.is_ok() || is_text, "{place} {change}: only {read:?}");
        } else {
            let is_known = read.is_err() || of_schema.contains(&place);
            assert!(is_known, "{place} {change}: only the schema refuses it");
        }
    };
    assert_eq!(read(valid), Ok(()));
    judge(valid, "", "as it is", false);
    assert!(validator.is_valid(valid), "{valid}");
    let mut places = Vec::new();
    add_pointers(valid, "", &mut places);
    for place in &places {
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut value = valid.clone();
            change(value.pointer_mut(place).expect("it is there"));
            value
        };
        for sample in samples() {
            let value = changed(&|at| *at = sample.clone());
            if sample.is_array() && !validator.is_valid(&value) {
                continue;
            }
            judge(&value, place, &format!("is {sample}"), holds_text(&sample));
        }
        let value = changed(&|at| {
            if let Value::Object(fields) = at {
                fields.insert("noSuchField".into(), json!(1));
            }
        });
        judge(&value, place, "has an unknown field", false);
        if let Some((parent, name)) = place.rsplit_once('/') {
            let mut value = valid.clone();
            if let Some(Value::Object(fields)) = value.pointer_mut(parent) {
                fields.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
            judge(&value, place, "is left out", false);
        }
    }
}
