//! What validating settings by a plugin's schema would cost, worked out before it is done: schemas that refer to their own
//! definitions can double the work with each of them, and a plugin writes its own schema.
use anyhow::{Result, anyhow, bail};
use serde_json::Value;
use std::collections::HashMap;

/// Schemas that there are when every reference is replaced by what it refers to.
const MAX_EXPANDED: u64 = 50_000;
/// Schemas that settings are compared with, for all values of the settings.
const MAX_COMPARISONS: u64 = 5_000_000;
/// How deep schemas are nested, references followed.
const MAX_DEPTH: usize = 100;
/// How deep settings are nested.
const MAX_SETTINGS_DEPTH: usize = 64;
/// Values in settings.
const MAX_SETTINGS: u64 = 100_000;

/// Keywords whose schema is for the same value.
const SAME: &[&str] = &["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
/// Keywords whose schema is for what is in the value.
const INNER: &[&str] = &[
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
/// Keywords of which each member is a schema.
const MAPS: &[&str] = &["dependentSchemas", "dependencies", "properties", "patternProperties"];
/// Keywords that refer to schemas in ways that cannot be followed beforehand.
const REFUSED: &[&str] = &["$dynamicRef", "$recursiveRef"];

/// Refuses a schema that is too expensive for these settings.
///
/// # Errors
/// Why it is refused.
pub fn check(schema: &Value, settings: &Value) -> Result<()> {
    let (depth, values) =
        measure(settings, MAX_SETTINGS_DEPTH).ok_or_else(|| anyhow!("they are nested more than {MAX_SETTINGS_DEPTH} deep"))?;
    if values > MAX_SETTINGS {
        bail!("they have more than {MAX_SETTINGS} values");
    }
    let expanded = Expansion { root: schema, sizes: HashMap::new() }.size(schema, 0)?;
    if expanded > MAX_EXPANDED {
        bail!("the schema of its settings is too large: its references stand for more than {MAX_EXPANDED} schemas");
    }
    let each = Comparison { root: schema, costs: HashMap::new() }.cost(schema, depth)?;
    if each.saturating_mul(values) > MAX_COMPARISONS {
        bail!("the schema of its settings is too expensive: it compares these settings with more than {MAX_COMPARISONS} schemas");
    }
    Ok(())
}

/// Depth and number of values, unless they are nested deeper than that.
fn measure(value: &Value, deepest: usize) -> Option<(usize, u64)> {
    let inner: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => return Some((0, 1)),
    };
    let mut total = (0, 1_u64);
    for value in inner {
        let (depth, values) = measure(value, deepest.checked_sub(1)?)?;
        total = (total.0.max(depth + 1), total.1.saturating_add(values));
    }
    Some(total)
}

/// The schemas that a keyword has, if it has any.
fn schemas<'a>(schema: &'a Value, keyword: &str) -> Vec<&'a Value> {
    match schema.get(keyword) {
        Some(Value::Object(members)) if MAPS.contains(&keyword) => members.values().collect(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// What a schema refers to.
fn referred<'a>(root: &'a Value, schema: &Value) -> Result<Option<&'a Value>> {
    if let Some(keyword) = REFUSED.iter().find(|keyword| schema.get(**keyword).is_some()) {
        bail!("the schema of its settings uses {keyword}; use $ref");
    }
    let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Ok(None) };
    let pointer = reference.strip_prefix('#').filter(|pointer| !pointer.contains('%'));
    let found = pointer.filter(|pointer| pointer.is_empty() || pointer.starts_with('/')).and_then(|pointer| root.pointer(pointer));
    let refused = || anyhow!("the schema of its settings refers to {reference:?}; a reference is to a part of itself, as #/$defs/NAME is");
    found.map(Some).ok_or_else(refused)
}

/// Refuses what would make the references of a part mean something else.
fn check_id(root: &Value, schema: &Value) -> Result<()> {
    if !std::ptr::eq(root, schema) && (schema.get("$id").is_some() || schema.get("id").is_some_and(Value::is_string)) {
        bail!("the schema of its settings has a part with an id of its own; only the whole may have one");
    }
    Ok(())
}

/// Counts schemas with every reference replaced by what it refers to, but for those that lead back.
struct Expansion<'a> {
    root: &'a Value,
    /// by the schema's place in memory; nothing while a schema is being counted
    sizes: HashMap<*const Value, Option<u64>>,
}

impl<'a> Expansion<'a> {
    fn size(&mut self, schema: &'a Value, depth: usize) -> Result<u64> {
        match self.sizes.get(&std::ptr::from_ref(schema)) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Ok(1),
            None => {}
        }
        if depth > MAX_DEPTH {
            bail!("the schema of its settings is nested more than {MAX_DEPTH} deep");
        }
        check_id(self.root, schema)?;
        self.sizes.insert(schema, None);
        let mut size = 1_u64;
        if let Some(referred) = referred(self.root, schema)? {
            size = size.saturating_add(self.size(referred, depth + 1)?);
        }
        for part in SAME.iter().chain(INNER).flat_map(|keyword| schemas(schema, keyword)) {
            size = size.saturating_add(self.size(part, depth + 1)?);
        }
        self.sizes.insert(schema, Some(size));
        Ok(size)
    }
}

/// Counts the schemas that one value is compared with, and what is in it.
struct Comparison<'a> {
    root: &'a Value,
    /// by the schema's place in memory and the depth of the value; nothing while a schema is being counted
    costs: HashMap<(*const Value, usize), Option<u64>>,
}

impl<'a> Comparison<'a> {
    /// `depth` is that of the value.
    fn cost(&mut self, schema: &'a Value, depth: usize) -> Result<u64> {
        let key = (std::ptr::from_ref(schema), depth);
        match self.costs.get(&key) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => bail!("the schema of its settings refers to itself without end"),
            None => {}
        }
        self.costs.insert(key, None);
        let mut cost = 1_u64;
        let same = referred(self.root, schema)?.into_iter().chain(SAME.iter().flat_map(|keyword| schemas(schema, keyword)));
        for part in same {
            cost = cost.saturating_add(self.cost(part, depth)?);
        }
        if let Some(below) = depth.checked_sub(1) {
            for part in INNER.iter().flat_map(|keyword| schemas(schema, keyword)) {
                cost = cost.saturating_add(self.cost(part, below)?);
            }
        }
        self.costs.insert(key, Some(cost));
        Ok(cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Definitions that each refer twice to the next one.
    fn doubling(definitions: usize, refer: impl Fn(Value) -> Value) -> Value {
        let definition = |number: usize| match number {
            last if last == definitions => json!({}),
            number => {
                let next = json!({"$ref": format!("#/$defs/d{}", number + 1)});
                refer(next)
            }
        };
        let definitions: serde_json::Map<String, Value> =
            (0..=definitions).map(|number| (format!("d{number}"), definition(number))).collect();
        json!({"$ref": "#/$defs/d0", "$defs": definitions})
    }

    fn refusal(schema: &Value, settings: &Value) -> String {
        check(schema, settings).unwrap_err().to_string()
    }

    #[test]
    fn references_that_double_the_work_are_refused() {
        for refer in [
            |next: Value| json!({"allOf": [next.clone(), next]}),
            |next: Value| json!({"anyOf": [next.clone(), {"not": next}]}),
            |next: Value| json!({"properties": {"a": next.clone(), "b": next}}),
            |next: Value| json!({"if": next.clone(), "then": next.clone(), "dependentSchemas": {"a": next}}),
        ] {
            assert!(refusal(&doubling(31, refer), &json!({})).contains("more than 50000 schemas"));
            check(&doubling(6, refer), &json!({})).unwrap();
        }
    }

    #[test]
    fn a_schema_that_leads_back_to_itself_costs_what_the_settings_are_deep() {
        let tree = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        check(&tree, &json!({"left": {"right": {"left": {}}}})).unwrap();
        let doubling = json!({"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}});
        let deep = (0..40).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(refusal(&doubling, &deep).contains("too expensive"));
        assert!(refusal(&json!({"allOf": [{"$ref": "#"}]}), &json!({})).contains("refers to itself without end"));
    }

    #[test]
    fn references_to_elsewhere_are_refused() {
        for reference in ["https://example.com/schema", "file:///etc/passwd", "#name", "#/$defs/none", "#/%24defs/a", "other#/a"] {
            let told = refusal(&json!({"$ref": reference, "$defs": {"a": {}}}), &json!({}));
            assert!(told.contains("a reference is to a part of itself"), "{told}");
        }
        assert!(refusal(&json!({"properties": {"a": {"$id": "b"}}}), &json!({})).contains("an id of its own"));
        assert!(refusal(&json!({"$dynamicRef": "#a"}), &json!({})).contains("use $ref"));
        // A property may be called as a keyword is.
        check(&json!({"$id": "https://example.com/a", "properties": {"$ref": {}, "$id": {}, "id": {}}}), &json!({})).unwrap();
    }

    #[test]
    fn what_is_too_deep_or_too_much_is_refused() {
        let chain = doubling(500, |next| json!({"allOf": [next]}));
        assert!(refusal(&chain, &json!({})).contains("nested more than 100 deep"));
        let deep = (0..100).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(refusal(&json!({}), &deep).contains("nested more than 64 deep"));
        assert!(refusal(&json!({}), &json!(vec![0; 200_000])).contains("more than 100000 values"));
    }
}
