//! Estimates what validating settings by a plugin's schema costs, before it is done. A plugin
//! writes its own schema, and in a schema that refers to its own definitions each definition can
//! double the work.
mod defaults;
mod extent;

pub use defaults::check_defaults;

use crate::{
    secret,
    text::{
        json_schema::{
            Describes::{Members, SameValue},
            schemas_in,
        },
        sanitise,
    },
};
use anyhow::{Result, anyhow, bail};
use extent::Extent;
use jsonschema::{PatternOptions, ValidationOptions, Validator};
use serde_json::Value;
use std::collections::HashMap;

/// The largest number of schemas when every reference is replaced by the schema that it refers to.
const MAX_EXPANDED: u64 = 50_000;
/// The largest number of regular expressions, counted in the same way.
const MAX_PATTERNS: u64 = 200;
/// The largest size of a compiled regular expression, and of the cache of its matches, in bytes.
const MAX_PATTERN_BYTES: usize = 64 << 10;
/// The largest product of the number of regular expressions and the bytes of the settings.
const MAX_MATCHED_BYTES: u64 = 1_000_000;
/// The largest number of comparisons of a value with a schema, summed over all values of the
/// settings. A long text counts as several values.
const MAX_COMPARISONS: u64 = 1_000_000;
/// The largest number of nested schemas, where each followed reference is a level.
const MAX_DEPTH: usize = 100;
/// The largest number of values in settings.
const MAX_VALUES: u64 = 100_000;

/// Keywords that refer to schemas in ways that cannot be followed beforehand.
const REFUSED_KEYWORDS: &[&str] = &["$dynamicRef", "$recursiveRef"];

/// Refuses a schema that is too expensive for these settings.
///
/// # Errors
/// The schema or the settings exceed a limit, which the message names.
pub fn check(schema: &Value, settings: &Value) -> Result<()> {
    let extent = Extent::measure(settings)?;
    if extent.values > MAX_VALUES {
        bail!("its settings have more than {MAX_VALUES} values");
    }
    let expanded = Expansion {
        root: schema,
        sizes: HashMap::new(),
    }
    .size(schema, 0)?;
    secret::settings::check_marks(schema).map_err(|hidden| anyhow!(hidden))?;
    if expanded.schemas > MAX_EXPANDED {
        bail!(
            "the schema of its settings is too large: its references stand for more than \
             {MAX_EXPANDED} schemas"
        );
    }
    check_patterns(expanded.patterns, &extent)?;
    let each = Comparison {
        root: schema,
        costs: HashMap::new(),
    }
    .cost(schema, extent.depth)?;
    if each.saturating_mul(extent.weight()) > MAX_COMPARISONS {
        bail!(
            "the schema of its settings is too expensive: it compares these settings with more \
             than {MAX_COMPARISONS} schemas"
        );
    }
    Ok(())
}

/// Refuses regular expressions that take too long to compile or to match with these settings.
fn check_patterns(patterns: u64, extent: &Extent) -> Result<()> {
    if patterns > MAX_PATTERNS {
        bail!(
            "the schema of its settings has {patterns} regular expressions, with those that its \
             references stand for; {MAX_PATTERNS} are allowed"
        );
    }
    if patterns.saturating_mul(extent.bytes) > MAX_MATCHED_BYTES {
        bail!(
            "the schema of its settings is too expensive: {patterns} regular expressions for {} \
             bytes of settings",
            extent.bytes
        );
    }
    Ok(())
}

/// Compiles a schema that [`check`] accepts.
///
/// # Errors
/// It is not a JSON Schema, or has a regular expression that is too large or uses look-around.
pub fn compile(schema: &Value) -> Result<Validator> {
    options()
        .build(schema)
        .map_err(|error| not_a_schema(&error))
}

/// Returns the options by which schemas are compiled.
fn options<'a>() -> ValidationOptions<'a> {
    let patterns = PatternOptions::regex()
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES);
    jsonschema::options().with_pattern_options(patterns)
}

fn not_a_schema(error: &dyn std::fmt::Display) -> anyhow::Error {
    let text = error.to_string();
    let advice = if text.ends_with("is not a \"regex\"") {
        format!(
            "; a regular expression has no look-around and no back-reference, and takes at most \
             {MAX_PATTERN_BYTES} bytes when it is compiled"
        )
    } else {
        String::new()
    };
    let shown = super::shortened(&text);
    anyhow!("the schema of its settings is not a JSON Schema: {shown}{advice}")
}

/// Returns the schema that a schema refers to (`$ref`); `None` if it has no reference.
///
/// # Errors
/// The reference leads out of the schema, to a part that does not exist, or is of another kind.
fn referenced_schema<'a>(root: &'a Value, schema: &Value) -> Result<Option<&'a Value>> {
    if let Some(keyword) = REFUSED_KEYWORDS
        .iter()
        .find(|keyword| schema.get(**keyword).is_some())
    {
        bail!("the schema of its settings uses {keyword}; use $ref");
    }
    let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
        return Ok(None);
    };
    let pointer = reference
        .strip_prefix('#')
        .filter(|pointer| !pointer.contains('%'));
    let found = pointer
        .filter(|pointer| pointer.is_empty() || pointer.starts_with('/'))
        .and_then(|pointer| root.pointer(pointer));
    found.map(Some).ok_or_else(|| {
        anyhow!(
            "the schema of its settings refers to {:?}; write a reference to a \
             part of the schema, such as #/$defs/NAME",
            sanitise::quoted(reference)
        )
    })
}

/// Refuses an id in a part of the schema: it would change the meaning of references below it.
fn check_id(root: &Value, schema: &Value) -> Result<()> {
    if !std::ptr::eq(root, schema)
        && (schema.get("$id").is_some() || schema.get("id").is_some_and(Value::is_string))
    {
        bail!(
            "the schema of its settings has a part with an id; only the whole schema may have an \
             id"
        );
    }
    Ok(())
}

/// The size of a schema in which every reference is replaced by the schema that it refers to.
#[derive(Clone, Copy)]
struct Size {
    schemas: u64,
    /// regular expressions
    patterns: u64,
}

impl Size {
    /// Returns the size of a schema without its subschemas.
    fn of(schema: &Value) -> Size {
        let of_names = schema.get("patternProperties").and_then(Value::as_object);
        let of_values = schema.get("pattern").is_some();
        Size {
            schemas: 1,
            patterns: of_names.map_or(0, |patterns| patterns.len() as u64) + u64::from(of_values),
        }
    }

    fn add(&mut self, part: Size) {
        self.schemas = self.schemas.saturating_add(part.schemas);
        self.patterns = self.patterns.saturating_add(part.patterns);
    }
}

/// Counts schemas with every reference replaced by the schema that it refers to. A reference to an
/// enclosing schema counts only that schema's own keywords.
struct Expansion<'a> {
    root: &'a Value,
    /// size of each schema, by its address; `None` while the schema is being counted
    sizes: HashMap<*const Value, Option<Size>>,
}

impl<'a> Expansion<'a> {
    /// Returns the size of a schema.
    fn size(&mut self, schema: &'a Value, depth: usize) -> Result<Size> {
        let own = Size::of(schema);
        match self.sizes.get(&std::ptr::from_ref(schema)) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Ok(own),
            None => {}
        }
        if depth > MAX_DEPTH {
            bail!("the schema of its settings is nested more than {MAX_DEPTH} deep");
        }
        check_id(self.root, schema)?;
        self.sizes.insert(schema, None);
        let mut size = own;
        if let Some(target) = referenced_schema(self.root, schema)? {
            size.add(self.size(target, depth + 1)?);
        }
        for part in schemas_in(schema, SameValue).chain(schemas_in(schema, Members)) {
            size.add(self.size(part, depth + 1)?);
        }
        self.sizes.insert(schema, Some(size));
        Ok(size)
    }
}

/// Counts the schemas that one value and its members are compared with.
struct Comparison<'a> {
    root: &'a Value,
    /// cost of each schema, by its address and the depth of the value; `None` while the schema is
    /// being counted
    costs: HashMap<(*const Value, usize), Option<u64>>,
}

impl<'a> Comparison<'a> {
    /// Returns the cost of a schema for a value of this depth.
    fn cost(&mut self, schema: &'a Value, depth: usize) -> Result<u64> {
        let key = (std::ptr::from_ref(schema), depth);
        match self.costs.get(&key) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => bail!("the schema of its settings refers to itself without end"),
            None => {}
        }
        self.costs.insert(key, None);
        let mut cost = 1_u64;
        let referenced = referenced_schema(self.root, schema)?.into_iter();
        for part in referenced.chain(schemas_in(schema, SameValue)) {
            cost = cost.saturating_add(self.cost(part, depth)?);
        }
        if let Some(below) = depth.checked_sub(1) {
            for part in schemas_in(schema, Members) {
                cost = cost.saturating_add(self.cost(part, below)?);
            }
        }
        self.costs.insert(key, Some(cost));
        Ok(cost)
    }
}

#[cfg(test)]
mod tests;
