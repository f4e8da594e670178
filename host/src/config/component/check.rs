//! Strict checks of a component's document, in kubeadm's words.
use super::{
    ComponentKind,
    schema::{Struct, Type},
};
use crate::text::json::kind_of;
use kubephase_sdk::kubeadm::Duration;
use serde_json::Value;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// `authentication.x509`, `registerWithTaints[0].key`
    pub path: String,
    pub message: String,
    /// nobody knows the field; everything else about the document can still be used
    pub unknown: bool,
}

/// Everything in the document that the component would not take.
pub fn check(kind: ComponentKind, document: &Value) -> Vec<SchemaError> {
    against(kind.schema(), document)
}

/// Everything in the document that is not as its schema has it.
pub fn against(schema: &'static Struct, document: &Value) -> Vec<SchemaError> {
    let mut errors = Vec::new();
    let root = Place {
        path: String::new(),
        names: Vec::new(),
        owner: schema,
    };
    check_struct(schema, document, &root, &mut errors);
    errors
}

/// A place in the document: its path with indices, the names alone, and the struct whose field it
/// is.
#[derive(Clone)]
struct Place {
    path: String,
    names: Vec<&'static str>,
    owner: &'static Struct,
}

impl Place {
    fn field(&self, owner: &'static Struct, name: &'static str) -> Place {
        let names = self.names.iter().copied().chain([name]).collect();
        Place {
            path: self.below(name),
            names,
            owner,
        }
    }

    fn below(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.into()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn error(&self, message: String) -> SchemaError {
        SchemaError {
            path: self.path.clone(),
            message,
            unknown: false,
        }
    }

    fn mismatch(&self, found: &str, expected: &Type) -> SchemaError {
        let owner = self.owner.go.rsplit('.').next().unwrap_or_default();
        let field = self.names.join(".");
        self.error(format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{field} of type {}",
            expected.go()
        ))
    }
}

fn check_struct(of: &'static Struct, given: &Value, place: &Place, errors: &mut Vec<SchemaError>) {
    let Some(given) = given.as_object() else {
        if place.path.is_empty() {
            let found = kind_of(given);
            errors.push(place.error(format!(
                "json: cannot unmarshal {found} into Go value of type {}",
                of.go
            )));
        } else {
            errors.push(place.mismatch(kind_of(given), &Type::Struct(of)));
        }
        return;
    };
    for (name, value) in given {
        let typed = place.path.is_empty() && ["apiVersion", "kind"].contains(&name.as_str());
        match of.fields.iter().find(|field| field.name == name) {
            Some(field) => check_value(&field.of, value, &place.field(of, field.name), errors),
            None if typed => {}
            None => {
                let path = place.below(name);
                errors.push(SchemaError {
                    message: format!("unknown field {path:?}"),
                    path,
                    unknown: true,
                });
            }
        }
    }
}

fn check_value(of: &'static Type, given: &Value, place: &Place, errors: &mut Vec<SchemaError>) {
    match (of, given) {
        (Type::Any, _)
        | (_, Value::Null)
        | (Type::String | Type::Named(_), Value::String(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::Float | Type::DurationOrNanoseconds, Value::Number(_))
        | (Type::Quantity, Value::String(_) | Value::Number(_)) => {}
        (Type::Int(range), Value::Number(number)) => {
            if !number
                .as_i64()
                .is_some_and(|number| range.contains(&number))
            {
                errors.push(place.mismatch(&format!("number {number}"), of));
            }
        }
        (Type::Duration | Type::DurationOrNanoseconds, Value::String(text)) => {
            errors.extend(
                text.parse::<Duration>()
                    .err()
                    .map(|message| place.error(message)),
            );
        }
        (Type::Duration, other) => {
            errors.push(place.error(format!(
                "json: cannot unmarshal {} into Go value of type string",
                kind_of(other)
            )));
        }
        (Type::Time, Value::String(text)) if text.parse::<jiff::Timestamp>().is_err() => {
            errors.push(place.error(format!(
                "parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": it is not of that form"
            )));
        }
        (Type::Token, Value::String(text))
            if !text.is_empty()
                && !crate::secret::bootstrap_token::is_token(&text.as_str().into()) =>
        {
            let form = r#""\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z""#;
            // Most of a token that is only slightly wrong is still a secret; its id is none.
            let id = text
                .split_once('.')
                .map(|(id, _)| id)
                .filter(|id| crate::secret::bootstrap_token::is_id(id))
                .unwrap_or_default();
            errors.push(place.error(format!(
                "the bootstrap token \"{id}…\" was not of the form {form}"
            )));
        }
        (Type::Time | Type::Token, Value::String(_)) => {}
        (Type::List(of), Value::Array(items)) => {
            for (i, item) in items.iter().enumerate() {
                let place = Place {
                    path: format!("{}[{i}]", place.path),
                    ..place.clone()
                };
                check_value(of, item, &place, errors);
            }
        }
        (Type::Map(of), Value::Object(entries)) => {
            for (key, value) in entries {
                let place = Place {
                    path: place.below(key),
                    ..place.clone()
                };
                check_value(of, value, &place, errors);
            }
        }
        (Type::Struct(of), _) => check_struct(of, given, place, errors),
        (_, other) => errors.push(place.mismatch(kind_of(other), of)),
    }
}
