//! The manifest as JSON Schema, for editors. Fields and types come from [`Manifest`], and the
//! capabilities with the patterns that bound each from the table of host functions.
use super::Manifest;
use crate::{
    config::json_schema,
    wasm::gate::{self, Dimension, Permit, Row},
};
use serde_json::{Map, Value, json};

impl Manifest {
    /// Returns the JSON Schema of `plugin.yaml`.
    pub fn json_schema() -> Value {
        let mut schema = json_schema::of_type::<Manifest>();
        describe_capabilities(&mut schema["$defs"]["Request"]);
        schema
    }
}

/// Adds the capabilities to the schema of a request, and the patterns that each needs.
fn describe_capabilities(request: &mut Value) {
    let rows = || gate::rows().filter(|row| matches!(row.permit, Permit::Granted(_)));
    let names: Vec<String> = rows().map(Row::capability).collect();
    let words: Vec<&str> = rows().map(|row| row.words).collect();
    let capability = &mut request["properties"]["capability"];
    capability["enum"] = json!(names);
    // Not a keyword of JSON Schema; editors show it beside the values.
    capability["enumDescriptions"] = json!(words);
    request["properties"]["reason"]["minLength"] = json!(1);
    request["required"] = json!(["capability", "reason"]);
    request["allOf"] = rows().map(patterns_of).collect();
}

/// Returns the condition on the patterns of requests for one capability.
fn patterns_of(row: &Row) -> Value {
    let bounds = row.dimensions();
    let needed = bounds.iter().filter(|dimension| !dimension.is_optional());
    let needed: Vec<&str> = needed.map(|dimension| dimension.field()).collect();
    let lists = Dimension::ALL.iter().filter_map(|dimension| {
        let field = dimension.field();
        let bound = match (bounds.contains(dimension), needed.contains(&field)) {
            (true, true) => json!({"minItems": 1}),
            (true, false) => return None,
            (false, _) => json!({"maxItems": 0}),
        };
        Some((field.to_owned(), bound))
    });
    json!({
        "if": {
            "properties": {"capability": {"const": row.capability()}},
            "required": ["capability"],
        },
        "then": {"properties": lists.collect::<Map<_, _>>(), "required": needed},
    })
}

#[cfg(test)]
mod tests;
