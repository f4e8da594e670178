//! The page of facts, `wit/facts.md`.
use super::{FACTS, Fact, FactField, FactSource, NodeFacts, Shape};
use serde_json::Value;
use std::fmt::Write;

/// Longest default that the page shows, in bytes.
const MAX_DEFAULT: usize = 60;

const INTRODUCTION: &str = "\
# Facts of a node

`observe-node.node-fact` returns these facts by name, as JSON. For any other name, and for a fact
that the node does not have, it returns `none`. Rules have the facts as `node.NAME`, and plugins in
Rust as `node::fact::NAME()`.

A fact that cannot be read, or whose source has more than 4 MiB, is not there. The ids in `machine`
are not the machine's own: they are derived from them with HMAC-SHA-256, so that machines can be
compared and their ids are not shown. No fact has anything of the environment but the proxies.

A described node (`--node FILE`, `node` of a test case) has the facts of its description. Of those
that the description does not name it has the default; a fact without a default is not known then,
and a rule that needs it could not be checked. The same is true of a fact that the description sets
to `null`.

";

/// Returns the list as a page in Markdown.
#[must_use]
pub fn document() -> String {
    let defaults = NodeFacts::default().facts();
    let mut page = INTRODUCTION.to_owned();
    page.push_str("| name | type | unit | meaning | source on a machine | default |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    for fact in FACTS {
        page.push_str(&row(fact, defaults.get(fact.name)));
    }
    page.push_str("\n## Fields of objects\n\n");
    page.push_str("A field that is not known is `null`; rules see it as one that is not set.\n\n");
    page.push_str("| fact | field | type | unit | meaning |\n|---|---|---|---|---|\n");
    for fact in FACTS {
        add_fields(&mut page, fact.name, fields_of(fact.shape));
    }
    page
}

fn row(fact: &Fact, default: Option<&Value>) -> String {
    let source = match fact.source {
        FactSource::Machine(source) => source,
        FactSource::Description => "none: only described nodes have it",
    };
    let default = match default.map(Value::to_string) {
        None => "none".to_owned(),
        Some(text) if text.len() > MAX_DEFAULT => "of a fit machine".to_owned(),
        Some(text) => format!("`{text}`"),
    };
    format!(
        "| `{}` | {} | {} | {} | {source} | {default} |\n",
        fact.name, fact.shape, fact.unit, fact.meaning
    )
}

/// Adds a row for each field, then those of the objects in the fields.
fn add_fields(page: &mut String, path: &str, fields: &[FactField]) {
    for field in fields {
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{path}` | `{}` | {} | {} | {} |",
            field.name, field.shape, field.unit, field.meaning
        );
    }
    for field in fields {
        add_fields(
            page,
            &format!("{path}.{}", field.name),
            fields_of(field.shape),
        );
    }
}

/// Returns the fields of the objects in values of this type; empty if there are no objects.
fn fields_of(shape: Shape) -> &'static [FactField] {
    match shape {
        Shape::Boolean | Shape::Number | Shape::Text => &[],
        Shape::List(of) | Shape::Map(of) => fields_of(*of),
        Shape::Object(fields) => fields,
    }
}
