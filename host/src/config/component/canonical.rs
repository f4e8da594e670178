//! Writes a document as Go does: every field in its canonical form, with the fields that Go always
//! emits and without those that it never emits.
use super::{
    ComponentKind,
    schema::{Struct, Type, Unset},
};
use crate::text::{quantity, time};
use kubephase_sdk::kubeadm::Duration;
use serde_json::{Map, Value};

/// Returns the document in canonical form, with its `kind` and `apiVersion`. Drops unknown fields,
/// as kubeadm does. Keeps values of a wrong type for [`check`](super::check()) to report.
pub(super) fn canonical_document(kind: ComponentKind, document: &Value) -> Value {
    let mut canonical = canonical_struct(kind.schema(), document);
    canonical["apiVersion"] = kind.api_version().into();
    canonical["kind"] = kind.kind().into();
    canonical
}

fn canonical_struct(schema: &Struct, given: &Value) -> Value {
    let mut fields = Map::new();
    for field in schema.fields {
        let value = given
            .get(field.name)
            .filter(|value| !value.is_null())
            .map(|value| canonical_value(&field.value_type, value));
        let emitted = match (field.unset, value) {
            (Unset::Omitted, Some(value)) if is_zero(&value) => None,
            (Unset::Omitted | Unset::OmittedPointer, value) => value,
            (Unset::Null, value) => Some(value.unwrap_or(Value::Null)),
            (Unset::Zero, value) => Some(value.unwrap_or_else(|| zero_value(&field.value_type))),
        };
        fields.extend(emitted.map(|value| (field.name.to_string(), value)));
    }
    fields.into()
}

fn canonical_value(of: &Type, given: &Value) -> Value {
    match (of, given) {
        (_, Value::Null) => zero_value(of),
        (Type::Struct(schema), Value::Object(_)) => canonical_struct(schema, given),
        (Type::List(item_type), Value::Array(items)) => items
            .iter()
            .map(|item| canonical_value(item_type, item))
            .collect(),
        (Type::Map(value_type), Value::Object(entries)) => entries
            .iter()
            .map(|(key, value)| (key.clone(), canonical_value(value_type, value)))
            .collect::<Map<_, _>>()
            .into(),
        (Type::Duration | Type::DurationOrNanoseconds, Value::String(text)) => text
            .parse::<Duration>()
            .map_or_else(|_| given.clone(), |duration| duration.to_string().into()),
        (Type::Time, Value::String(text)) => {
            time::to_canonical(text).map_or_else(|| given.clone(), Value::from)
        }
        (Type::Quantity, Value::Number(_) | Value::String(_)) => {
            let text = given.as_str().map_or_else(|| given.to_string(), Into::into);
            quantity::to_canonical(&text).unwrap_or(text).into()
        }
        _ => given.clone(),
    }
}

/// Reads a document as Go does: null is the zero value in lists and maps, and elsewhere as if the
/// field were absent. Quantities are in their canonical form, and fields that Go always writes have
/// a value.
pub fn as_read(schema: &Struct, document: Value) -> Value {
    let mut fields = match document {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.retain(|_, value| !value.is_null());
    for field in schema.fields {
        match fields.get_mut(field.name) {
            Some(value) => *value = value_as_read(&field.value_type, value.take()),
            None if field.unset == Unset::Zero => {
                fields.insert(field.name.to_owned(), zero_value(&field.value_type));
            }
            None => {}
        }
    }
    fields.into()
}

fn value_as_read(of: &Type, value: Value) -> Value {
    match (of, value) {
        (Type::Struct(schema), value) => as_read(schema, value),
        (Type::List(_), Value::Null) => Value::Array(Vec::new()),
        (Type::Map(_), Value::Null) => Map::new().into(),
        (Type::List(of), Value::Array(items)) => {
            let items = items.into_iter();
            items.map(|item| value_as_read(of, item)).collect()
        }
        (Type::Map(of), Value::Object(entries)) => entries
            .into_iter()
            .map(|(key, value)| (key, value_as_read(of, value)))
            .collect::<Map<_, _>>()
            .into(),
        (Type::Quantity, value) | (_, value @ Value::Null) => canonical_value(of, &value),
        (_, value) => value,
    }
}

fn zero_value(of: &Type) -> Value {
    match of {
        Type::String | Type::Named(_) | Type::Time | Type::Token => "".into(),
        Type::Any => Value::Null,
        Type::Bool => false.into(),
        Type::Int(_) | Type::Float | Type::DurationOrNanoseconds => 0.into(),
        Type::Duration => "0s".into(),
        Type::Quantity => "0".into(),
        Type::List(_) | Type::Map(_) => Value::Null,
        Type::Struct(schema) => canonical_struct(schema, &Value::Null),
    }
}

/// Whether Go's `omitempty` leaves the value out; it never leaves out a struct.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(true) => false,
    }
}
