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

/// Checks that each mark of a secret is where it is seen.
///
/// # Errors
/// The keyword below which one is not seen.
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

struct Search<'a> {
    root: &'a Value,
    /// the schemas that were looked at, each with whether it was below a keyword that is not
    /// followed
    visited: HashSet<(*const Value, bool)>,
}

impl<'a> Search<'a> {
    /// The keyword that hides a mark in a schema. `below` is the keyword that is not followed and
    /// that the schema is below.
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
        for (keyword, held) in schema.as_object()? {
            let (schemas, is_followed) = schemas_of(keyword, held);
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

/// The schemas that a keyword holds, and whether marks in them are seen.
fn schemas_of<'a>(keyword: &str, held: &'a Value) -> (Vec<&'a Value>, bool) {
    let by_name = || held.as_object().into_iter().flat_map(|held| held.values());
    let listed = || held.as_array().into_iter().flatten();
    match keyword {
        "properties" => (by_name().collect(), true),
        "additionalProperties" => (vec![held], true),
        // A list of schemas is for the items by their places.
        "items" if held.is_array() => (listed().collect(), false),
        "items" => (vec![held], true),
        _ if SAME_VALUE.contains(&keyword) => (listed().collect(), true),
        _ if NAMED_NOT_FOLLOWED.contains(&keyword) => (by_name().collect(), false),
        _ if NOT_FOLLOWED.contains(&keyword) && held.is_array() => (listed().collect(), false),
        _ if NOT_FOLLOWED.contains(&keyword) => (vec![held], false),
        _ => (Vec::new(), true),
    }
}
