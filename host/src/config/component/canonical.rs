//! A document as Go writes it: every field in its canonical form, what Go always emits added, what
//! it never emits gone.
use super::{
    ComponentKind,
    schema::{Struct, Type, Unset},
};
use crate::text::quantity;
use kubephase_sdk::kubeadm::Duration;
use serde_json::{Map, Value};

/// The document with its `kind` and `apiVersion`. Fields of no known name are dropped, as kubeadm
/// drops them; values of another type than the schema's stay as they are, for
/// [`check`](super::check()) to report.
pub(super) fn document(kind: ComponentKind, document: &Value) -> Value {
    let mut canonical = structure(kind.schema(), document);
    canonical["apiVersion"] = kind.api_version().into();
    canonical["kind"] = kind.kind().into();
    canonical
}

fn structure(of: &Struct, given: &Value) -> Value {
    let mut fields = Map::new();
    for field in of.fields {
        let value = given
            .get(field.name)
            .filter(|value| !value.is_null())
            .map(|value| canonical(&field.of, value));
        let emitted = match (field.unset, value) {
            (Unset::Omitted, Some(value)) if is_zero(&value) => None,
            (Unset::Omitted | Unset::OmittedPointer, value) => value,
            (Unset::Null, value) => Some(value.unwrap_or(Value::Null)),
            (Unset::Zero, value) => Some(value.unwrap_or_else(|| zero(&field.of))),
        };
        fields.extend(emitted.map(|value| (field.name.to_string(), value)));
    }
    fields.into()
}

fn canonical(of: &Type, given: &Value) -> Value {
    match (of, given) {
        (Type::Struct(of), Value::Object(_)) => structure(of, given),
        (Type::List(of), Value::Array(items)) => {
            items.iter().map(|item| canonical(of, item)).collect()
        }
        (Type::Map(of), Value::Object(entries)) => entries
            .iter()
            .map(|(key, value)| (key.clone(), canonical(of, value)))
            .collect::<Map<_, _>>()
            .into(),
        (Type::Duration | Type::DurationOrNanoseconds, Value::String(text)) => text
            .parse::<Duration>()
            .map_or_else(|_| given.clone(), |duration| duration.to_string().into()),
        (Type::Quantity, Value::Number(_) | Value::String(_)) => {
            let text = given.as_str().map_or_else(|| given.to_string(), Into::into);
            quantity::canonical(&text).unwrap_or(text).into()
        }
        _ => given.clone(),
    }
}

fn zero(of: &Type) -> Value {
    match of {
        Type::String | Type::Named(_) | Type::Time | Type::Token => "".into(),
        Type::Any => Value::Null,
        Type::Bool => false.into(),
        Type::Int(_) | Type::Float | Type::DurationOrNanoseconds => 0.into(),
        Type::Duration => "0s".into(),
        Type::Quantity => "0".into(),
        Type::List(_) | Type::Map(_) => Value::Null,
        Type::Struct(of) => structure(of, &Value::Null),
    }
}

/// What Go's `omitempty` leaves out; a struct never is.
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
