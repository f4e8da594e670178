//! Strict checks of a component's document, in kubeadm's words.
use super::{
    ComponentKind,
    schema::{Field, Struct, Type, Unset},
};
use crate::{
    secret::bootstrap_token,
    text::{json::kind_of, quantity, time, yaml::short_name},
};
use kubephase_sdk::kubeadm::Duration;
use serde_json::Value;

/// A problem of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// for example `authentication.x509` or `registerWithTaints[0].key`
    pub path: String,
    pub message: String,
    /// whether the schema lacks the field; the rest of the document can still be used
    pub unknown: bool,
}

/// Returns everything in the document that the component would refuse.
pub fn check(kind: ComponentKind, document: &Value) -> Vec<SchemaError> {
    check_against(kind.schema(), document)
}

/// Returns everything in the document that its schema forbids.
pub fn check_against(schema: &'static Struct, document: &Value) -> Vec<SchemaError> {
    let mut errors = Vec::new();
    let root = Place {
        path: String::new(),
        names: Vec::new(),
        owner: schema,
    };
    check_struct(schema, document, &root, &mut errors);
    errors
}

/// A place in the document.
#[derive(Clone)]
struct Place {
    /// with indices
    path: String,
    /// the names of the fields, without indices
    names: Vec<&'static str>,
    /// the struct that has the field
    owner: &'static Struct,
}

impl Place {
    fn field(&self, owner: &'static Struct, name: &'static str) -> Place {
        let names = self.names.iter().copied().chain([name]).collect();
        Place {
            path: self.path_of(name),
            names,
            owner,
        }
    }

    fn with_path(&self, path: String) -> Place {
        Place {
            path,
            ..self.clone()
        }
    }

    /// Returns the path of a field of this place.
    fn path_of(&self, name: &str) -> String {
        let name = short_name(name);
        if self.path.is_empty() {
            name.into_owned()
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
            expected.go_type()
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
            // Go reads null as an empty text here, which is not a duration.
            Some(Field {
                name,
                value_type: value_type @ Type::Duration,
                unset: Unset::Zero,
            }) if value.is_null() => {
                let place = place.field(of, name);
                errors.extend(text_problem(value_type, "").map(|message| place.error(message)));
            }
            Some(field) => check_value(
                &field.value_type,
                value,
                &place.field(of, field.name),
                errors,
            ),
            None if typed => {}
            None => {
                let path = place.path_of(name);
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
        | (Type::Float, Value::Number(_)) => {}
        (Type::Quantity, given) => {
            let text = given.as_str().map_or_else(|| given.to_string(), Into::into);
            let problem = quantity::refusal(&text);
            errors.extend(problem.map(|message| place.error(message.into())));
        }
        (Type::DurationOrNanoseconds, Value::Number(number)) => {
            if number.as_i64().is_none() {
                errors.push(place.error(format!(
                    "invalid duration \"{number}\": json: cannot unmarshal number {number} into Go \
                     value of type time.Duration"
                )));
            }
        }
        (Type::Int(range), Value::Number(number)) => {
            if !number
                .as_i64()
                .is_some_and(|number| range.contains(&number))
            {
                errors.push(place.mismatch(&format!("number {number}"), of));
            }
        }
        (
            Type::Duration | Type::DurationOrNanoseconds | Type::Time | Type::Token,
            Value::String(text),
        ) => errors.extend(text_problem(of, text).map(|message| place.error(message))),
        (Type::Duration, other) => {
            errors.push(place.error(format!(
                "json: cannot unmarshal {} into Go value of type string",
                kind_of(other)
            )));
        }
        (Type::List(item_type), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{}[{index}]", place.path);
                check_value(item_type, item, &place.with_path(path), errors);
            }
        }
        (Type::Map(value_type), Value::Object(entries)) => {
            for (key, value) in entries {
                let path = place.path_of(key);
                check_value(value_type, value, &place.with_path(path), errors);
            }
        }
        (Type::Struct(schema), _) => check_struct(schema, given, place, errors),
        (_, other) => errors.push(place.mismatch(kind_of(other), of)),
    }
}

/// Returns the problem of the text of a duration, a time or a token.
fn text_problem(of: &Type, text: &str) -> Option<String> {
    match of {
        Type::Duration | Type::DurationOrNanoseconds => text.parse::<Duration>().err(),
        Type::Time if time::to_canonical(text).is_none() => Some(format!(
            "parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": it is not of that form"
        )),
        Type::Token if !text.is_empty() && !bootstrap_token::is_token(&text.into()) => {
            let form = r#""\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z""#;
            // Most of a token that is only slightly wrong is still a secret; its id is not.
            let id = text
                .split_once('.')
                .map(|(id, _)| id)
                .filter(|id| bootstrap_token::is_id(id))
                .unwrap_or_default();
            Some(format!(
                "the bootstrap token \"{id}…\" was not of the form {form}"
            ))
        }
        _ => None,
    }
}
