//! Refuses a schema that marks a setting as secret below a keyword that [`super::hide`] does not
//! follow, like `patternProperties` and `if`. In such a place `hide` would not replace the secret,
//! and capsules and the cluster's configuration would keep it in clear text. Also refuses to mark a
//! number or a boolean: it cannot be blanked in texts.
use super::{SAME_VALUE, has_no_text, is_secret, resolve};
use crate::text::json_schema::Keyword;
use serde_json::Value;
use std::collections::HashSet;

/// Checks that [`super::hide`] follows the schema to each mark of a secret.
///
/// # Errors
/// Names the unfollowed keyword above a mark, or the type of a marked setting that is not a text.
pub fn check_marks(schema: &Value) -> Result<(), String> {
    let mut search = Search {
        root: schema,
        visited: HashSet::new(),
        marked_type: None,
    };
    let unfollowed = search.unfollowed_mark(schema, None);
    if let (None, Some(marked)) = (unfollowed, search.marked_type) {
        return Err(format!(
            "the schema of the plugin's settings marks a value of the type {marked} as secret, and \
             only texts can be hidden in messages: use the type string, or take the mark away"
        ));
    }
    match unfollowed {
        Some(keyword) => Err(format!(
            "the schema of the plugin's settings marks a secret below `{keyword}`, where marks \
             have no effect; mark it below `properties`, `additionalProperties`, `items`, `allOf`, \
             `anyOf` or `oneOf`"
        )),
        None => Ok(()),
    }
}

/// A search for marks that [`super::hide`] misses.
struct Search<'a> {
    root: &'a Value,
    /// the visited schemas; the flag says whether an unfollowed keyword was above
    visited: HashSet<(*const Value, bool)>,
    /// the type of a marked number or boolean
    marked_type: Option<&'a Value>,
}

impl<'a> Search<'a> {
    /// Returns the unfollowed keyword above the first mark that `hide` misses. `unfollowed` is the
    /// unfollowed keyword above this schema, if there is one.
    fn unfollowed_mark(
        &mut self,
        schema: &'a Value,
        unfollowed: Option<&'a str>,
    ) -> Option<&'a str> {
        let visit = (std::ptr::from_ref(schema), unfollowed.is_some());
        if !self.visited.insert(visit) {
            return None;
        }
        if unfollowed.is_some() && is_secret(schema) {
            return unfollowed;
        }
        let target = resolve(self.root, schema);
        if is_secret(schema) && (has_no_text(schema) || has_no_text(target)) {
            let typed = if has_no_text(schema) { schema } else { target };
            self.marked_type = Some(&typed["type"]);
        }
        if !std::ptr::eq(target, schema)
            && let Some(keyword) = self.unfollowed_mark(target, unfollowed)
        {
            return Some(keyword);
        }
        for (keyword, value) in schema.as_object()? {
            let children = child_schemas(keyword, value);
            let unfollowed_here = match unfollowed {
                None if !children.are_followed => Some(keyword.as_str()),
                _ => unfollowed,
            };
            for child in children.schemas {
                if let Some(keyword) = self.unfollowed_mark(child, unfollowed_here) {
                    return Some(keyword);
                }
            }
        }
        None
    }
}

/// The schemas in the value of a keyword.
struct ChildSchemas<'a> {
    schemas: Vec<&'a Value>,
    /// whether [`super::hide`] follows the keyword to them
    are_followed: bool,
}

fn child_schemas<'a>(keyword: &str, value: &'a Value) -> ChildSchemas<'a> {
    let known = Keyword::find(keyword);
    ChildSchemas {
        schemas: known.map_or_else(Vec::new, |known| known.schemas(value)),
        are_followed: known.is_none() || is_followed(keyword, value),
    }
}

/// Whether [`super::hide`] follows a keyword.
fn is_followed(keyword: &str, value: &Value) -> bool {
    match keyword {
        "properties" | "additionalProperties" => true,
        // `items` as a list (before JSON Schema 2020-12) has one schema for each position.
        "items" => !value.is_array(),
        _ => SAME_VALUE.contains(&keyword),
    }
}
