//! The tables of fields as JSON Schema. A value fits the schema of a table if
//! [`check_against`](super::super::component::check_against) finds nothing in it, with two
//! exceptions that JSON Schema cannot express: a whole number with a point (`1.0`), and times and
//! durations that have the right form but cannot be (`2026-02-30…`).
use crate::{
    config::component::schema::{Field, Struct, Type, Unset},
    secret::bootstrap_token,
    text::{quantity, time},
};
use kubephase_sdk::kubeadm::Duration;
use serde_json::{Map, Value, json};

/// Returns the schema of a struct, and adds the structs that it refers to to the definitions. Like
/// all fields, a field that is a struct may be null.
pub(super) fn of_struct(table: &Struct, definitions: &mut Map<String, Value>) -> Value {
    let fields = table.fields.iter();
    let properties: Map<String, Value> = fields
        .map(|field| (field.name.to_owned(), of_field(field, definitions)))
        .collect();
    json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false})
}

fn of_field(field: &Field, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = of_type(&field.value_type, definitions);
    // Go reads null as an empty text here, which is not a duration.
    if matches!(field.value_type, Type::Duration) && field.unset == Unset::Zero {
        schema["type"] = json!("string");
    }
    schema
}

/// Returns the schema of the values of a type.
fn of_type(value_type: &Type, definitions: &mut Map<String, Value>) -> Value {
    match value_type {
        Type::Any => json!(true),
        Type::String | Type::Named(_) => json!({"type": ["string", "null"]}),
        Type::Bool => json!({"type": ["boolean", "null"]}),
        Type::Float => json!({"type": ["number", "null"]}),
        Type::Int(range) => json!({
            "type": ["integer", "null"],
            "minimum": range.start(),
            "maximum": range.end(),
        }),
        Type::Duration => json!({
            "description": "a span of time, such as 1h30m",
            "type": ["string", "null"],
            "pattern": Duration::PATTERN,
        }),
        Type::DurationOrNanoseconds => json!({
            "description": "a span of time, such as 1h30m, or a number of nanoseconds",
            "type": ["string", "integer", "null"],
            "pattern": Duration::PATTERN,
            "minimum": i64::MIN,
            "maximum": i64::MAX,
        }),
        Type::Quantity => json!({
            "description": "a quantity, such as 500m or 1Gi",
            "type": ["string", "number", "null"],
            "pattern": quantity::pattern(),
            "minLength": 1,
        }),
        Type::Time => json!({
            "description": "a time of RFC 3339, such as 2026-01-02T03:04:05Z",
            "type": ["string", "null"],
            "pattern": time::PATTERN,
        }),
        Type::Token => {
            let token = bootstrap_token::PATTERN
                .trim_start_matches(r"\A")
                .trim_end_matches(r"\z");
            json!({
                "description": "a bootstrap token, ID.SECRET",
                "type": ["string", "null"],
                "pattern": format!("^({token})?$"),
            })
        }
        Type::List(items) => json!({
            "type": ["array", "null"],
            "items": of_type(items, definitions),
        }),
        Type::Map(values) => json!({
            "type": ["object", "null"],
            "additionalProperties": of_type(values, definitions),
        }),
        Type::Struct(table) => {
            if !definitions.contains_key(table.go) {
                let schema = of_struct(table, definitions);
                definitions.insert(table.go.to_owned(), schema);
            }
            json!({"$ref": format!("#/$defs/{}", table.go)})
        }
    }
}
