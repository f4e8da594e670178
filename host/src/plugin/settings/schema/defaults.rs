//! Checks the defaults of a schema. A default that does not fit its own schema is a fault of the
//! plugin. So its author gets the message, and not the operator whose settings leave the field out.
use super::{
    Comparison, Expansion, Extent, MAX_COMPARISONS, MAX_EXPANDED, check_patterns, not_a_schema,
    options,
};
use crate::{
    arguments::json,
    plugin::settings::{MAX_PROBLEMS, fill, shortened},
    text::json_schema::Keyword,
    wasm::limits::MAX_SETTINGS_MEMORY,
};
use anyhow::{Result, bail};
use jsonschema::Registry;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The address of the schema in references to its parts. Nothing is fetched from there.
const ADDRESS: &str = "https://settings.invalid/schema";
/// Keywords that hold the definitions to which other schemas refer.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];
/// The largest number of nested schemas.
const MAX_DEPTH: usize = 200;
/// All defaults together may cost this many times the limits of one validation.
const TIMES: u64 = 4;

/// Checks that each default fits the schema that has it, with the defaults within it filled in.
/// The schema is one that [`super::check`] and [`super::compile`] accept.
///
/// # Errors
/// Each default that does not fit, with its field in the manifest; or the defaults are too large.
pub fn check_defaults(root: &Value) -> Result<()> {
    let mut search = Search {
        defaults: Vec::new(),
        memory: 0,
    };
    search.visit(root, &mut Vec::new())?;
    if search.defaults.is_empty() {
        return Ok(());
    }
    check_cost(root, &search.defaults)?;
    let registry = registry_of(root)?;
    let mut problems = Vec::new();
    for default in &search.defaults {
        let part = json!({"$ref": format!("{ADDRESS}#{}", default.fragment())});
        let options = options().with_registry(&registry);
        let validator = options.build(&part).map_err(|error| not_a_schema(&error))?;
        let more = MAX_PROBLEMS - problems.len();
        problems.extend(
            validator
                .iter_errors(&default.value)
                .take(more)
                .map(|error| {
                    let place = error.instance_path().to_string().replace('/', ".");
                    shortened(&format!(
                        "settings{}.default{place}: {error}",
                        default.field()
                    ))
                }),
        );
    }
    if problems.is_empty() {
        return Ok(());
    }
    bail!(
        "defaults in the schema of its settings do not fit the schema:\n  {}",
        problems.join("\n  ")
    )
}

/// A default, and where it is.
struct Default<'a> {
    /// the names of the parts of the root schema that lead to the schema with the default
    path: Vec<String>,
    schema: &'a Value,
    /// the default, with the defaults of its own fields
    value: Value,
}

impl Default<'_> {
    /// Returns the pointer to the schema as the fragment of a URL.
    fn fragment(&self) -> String {
        let escaped = self.path.iter().map(|name| {
            let name = name.replace('~', "~0").replace('/', "~1");
            format!("/{}", utf8_percent_encode(&name, NON_ALPHANUMERIC))
        });
        escaped.collect()
    }

    /// Returns the field of the schema in the manifest.
    fn field(&self) -> String {
        self.path.iter().map(|name| format!(".{name}")).collect()
    }
}

/// A search for defaults.
struct Search<'a> {
    defaults: Vec<Default<'a>>,
    /// bytes of memory of the defaults that were found
    memory: usize,
}

impl<'a> Search<'a> {
    fn visit(&mut self, schema: &'a Value, path: &mut Vec<String>) -> Result<()> {
        if path.len() > MAX_DEPTH {
            bail!("the schema of its settings is nested more than {MAX_DEPTH} deep");
        }
        let Value::Object(fields) = schema else {
            return Ok(());
        };
        if let Some(default) = fields.get("default") {
            let mut value = default.clone();
            fill(schema, &mut value);
            self.memory = self.memory.saturating_add(json::memory(&value));
            if self.memory > MAX_SETTINGS_MEMORY {
                bail!(
                    "the defaults in the schema of its settings take more than \
                     {MAX_SETTINGS_MEMORY} bytes of memory, with the defaults within them"
                );
            }
            let path = path.clone();
            self.defaults.push(Default {
                path,
                schema,
                value,
            });
        }
        for (name, value) in fields {
            let places = match Keyword::find(name) {
                Some(keyword) => keyword.places(value),
                None if DEFINITIONS.contains(&name.as_str()) => {
                    let members = value.as_object().into_iter().flatten();
                    members
                        .map(|(name, schema)| (Some(name.clone()), schema))
                        .collect()
                }
                None => continue,
            };
            for (place, schema) in places {
                let length = path.len();
                path.push(name.clone());
                path.extend(place);
                self.visit(schema, path)?;
                path.truncate(length);
            }
        }
        Ok(())
    }
}

/// Refuses defaults that take too long to compare with their schemas.
fn check_cost(root: &Value, defaults: &[Default]) -> Result<()> {
    let mut expansion = Expansion {
        root,
        sizes: HashMap::new(),
    };
    let mut comparison = Comparison {
        root,
        costs: HashMap::new(),
    };
    let (mut schemas, mut comparisons) = (0_u64, 0_u64);
    for Default { schema, value, .. } in defaults {
        let extent = Extent::measure(value)?;
        let size = expansion.size(schema, 0)?;
        check_patterns(size.patterns, &extent)?;
        schemas = schemas.saturating_add(size.schemas);
        let each = comparison.cost(schema, extent.depth)?;
        comparisons = comparisons.saturating_add(each.saturating_mul(extent.weight()));
        if schemas > TIMES * MAX_EXPANDED || comparisons > TIMES * MAX_COMPARISONS {
            bail!(
                "the schema of its settings is too expensive: its defaults are compared with too \
                 many schemas"
            );
        }
    }
    Ok(())
}

/// Returns a registry that knows the schema by [`ADDRESS`].
fn registry_of(root: &Value) -> Result<Registry<'static>> {
    let mut schema = root.clone();
    if let Value::Object(fields) = &mut schema {
        fields.remove("$id");
        fields.remove("id");
    }
    let builder = Registry::new().add(ADDRESS, schema);
    let registry = builder.and_then(|builder| builder.prepare());
    registry.map_err(|error| not_a_schema(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(schema: &Value) -> String {
        check_defaults(schema).unwrap_err().to_string()
    }

    #[test]
    fn a_default_that_does_not_fit_is_refused_wherever_it_is() {
        let schema = json!({
            "$id": "https://example.com/own",
            "$defs": {"mode": {"enum": ["a", "b"]}, "un/used ~%": {"type": "null", "default": 7}},
            "properties": {
                "mib": {"type": "integer", "default": "much"},
                "deep": {"properties": {"mode": {"$ref": "#/$defs/mode", "default": "c"}}},
                "list": {"items": {"minimum": 5, "default": 4}},
                "whole": {"allOf": [{"type": "object"}], "default": []},
                "good": {"$ref": "#/$defs/mode", "default": "a"},
            },
        });
        let refused = refusal(&schema);
        for field in [
            "settings.properties.mib.default: \"much\" is not of type \"integer\"",
            "settings.properties.deep.properties.mode.default: ",
            "settings.properties.list.items.default: ",
            "settings.properties.whole.default: ",
            "settings.$defs.un/used ~%.default: ",
        ] {
            assert!(refused.contains(field), "{field}: {refused}");
        }
        assert!(!refused.contains("good"), "{refused}");
    }

    #[test]
    fn a_default_is_checked_with_the_defaults_within_it() {
        let within = |default: Value| {
            json!({"properties": {"deep": {
                "default": {},
                "required": ["x"],
                "properties": {"x": {"type": "integer", "default": default}},
            }}})
        };
        check_defaults(&within(json!(1))).unwrap();
        let refused = refusal(&within(json!("1")));
        assert!(
            refused.contains("settings.properties.deep.default.x: "),
            "{refused}"
        );
        let missing = json!({"properties": {"deep": {"default": {}, "required": ["x"]}}});
        assert!(refusal(&missing).contains("required"));
    }

    #[test]
    fn defaults_in_many_schemas_are_bounded() {
        let mut schema = json!({"default": {}});
        for _ in 0..60 {
            let long = json!({"default": "x".repeat(20_000)});
            schema = json!({"default": {}, "properties": {"a": schema, "b": long}});
        }
        assert!(refusal(&schema).contains("bytes of memory"));
    }
}
