//! Refuses a schema that marks a setting as secret where [`super::hide`] does not look: below
//! keywords like `patternProperties` and `if`. The secret would be kept in clear.
use super::{SAME_VALUE, is_secret, resolve};
use serde_json::Value;
use std::collections::HashSet;

/// Further keywords that hold a schema or a list of schemas.
const NOT_FOLLOWED: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "prefixItems",
    "additionalItems",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];

/// Further keywords that hold schemas by a name.
const NAMED_NOT_FOLLOWED: &[&str] = &["patternProperties", "dependentSchemas", "dependencies"];

/// Checks that [`super::hide`] sees each mark of a secret.
///
/// # Errors
/// Names the keyword below which a mark is not seen.
pub fn check_marks(schema: &Value) -> Result<(), String> {
    let mut search = Search {
        root: schema,
        visited: HashSet::new(),
    };
    match search.hidden_mark(schema, None) {
        Some(keyword) => Err(format!(
            "the schema of its settings marks a secret below `{keyword}`, where the mark is not \
             seen; mark it below `properties`, `additionalProperties`, `items`, `allOf`, `anyOf` \
             or `oneOf`"
        )),
        None => Ok(()),
    }
}

/// A search for marks that are not seen.
struct Search<'a> {
    root: &'a Value,
    /// the schemas that were looked at, each with whether it was below a keyword that is not
    /// followed
    visited: HashSet<(*const Value, bool)>,
}

impl<'a> Search<'a> {
    /// Returns the keyword that hides a mark in a schema. `below` is the keyword above the schema
    /// that is not followed.
    fn hidden_mark(&mut self, schema: &'a Value, below: Option<&'a str>) -> Option<&'a str> {
        let here = (std::ptr::from_ref(schema), below.is_some());
        if !self.visited.insert(here) {
            return None;
        }
        if below.is_some() && is_secret(schema) {
            return below;
        }
        let target = resolve(self.root, schema);
        if !std::ptr::eq(target, schema)
            && let Some(hidden) = self.hidden_mark(target, below)
        {
            return Some(hidden);
        }
        for (keyword, value) in schema.as_object()? {
            let (schemas, is_followed) = schemas_of(keyword, value);
            let below = below.or((!is_followed).then_some(keyword.as_str()));
            for schema in schemas {
                if let Some(hidden) = self.hidden_mark(schema, below) {
                    return Some(hidden);
                }
            }
        }
        None
    }
}

/// Returns the schemas in the value of a keyword, and whether marks in them are seen.
fn schemas_of<'a>(keyword: &str, value: &'a Value) -> (Vec<&'a Value>, bool) {
    match keyword {
        "properties" => (fields_of(value), true),
        "additionalProperties" => (vec![value], true),
        // A list has a schema for each item, by its place.
        "items" if value.is_array() => (items_of(value), false),
        "items" => (vec![value], true),
        _ if SAME_VALUE.contains(&keyword) => (items_of(value), true),
        _ if NAMED_NOT_FOLLOWED.contains(&keyword) => (fields_of(value), false),
        _ if NOT_FOLLOWED.contains(&keyword) && value.is_array() => (items_of(value), false),
        _ if NOT_FOLLOWED.contains(&keyword) => (vec![value], false),
        _ => (Vec::new(), true),
    }
}

fn fields_of(value: &Value) -> Vec<&Value> {
    let fields = value.as_object().into_iter();
    fields.flat_map(|fields| fields.values()).collect()
}

fn items_of(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}
