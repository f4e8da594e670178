//! The keywords of JSON Schema that hold further schemas.
use serde_json::Value;

/// The value that the schemas of a keyword describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Describes {
    /// the value that the surrounding schema describes
    SameValue,
    /// members of that value
    Members,
}

/// A keyword that holds schemas.
#[derive(Debug)]
pub struct Keyword {
    pub name: &'static str,
    pub describes: Describes,
    /// whether its value is an object of schemas; other keywords have one schema, or a list
    pub is_map: bool,
}

const fn keyword(name: &'static str, describes: Describes, is_map: bool) -> Keyword {
    Keyword {
        name,
        describes,
        is_map,
    }
}

/// All keywords that hold schemas, of every draft.
pub const KEYWORDS: &[Keyword] = {
    use Describes::{Members, SameValue};
    &[
        keyword("allOf", SameValue, false),
        keyword("anyOf", SameValue, false),
        keyword("oneOf", SameValue, false),
        keyword("not", SameValue, false),
        keyword("if", SameValue, false),
        keyword("then", SameValue, false),
        keyword("else", SameValue, false),
        keyword("dependentSchemas", SameValue, true),
        keyword("dependencies", SameValue, true),
        keyword("properties", Members, true),
        keyword("patternProperties", Members, true),
        keyword("additionalProperties", Members, false),
        keyword("propertyNames", Members, false),
        keyword("items", Members, false),
        keyword("prefixItems", Members, false),
        keyword("additionalItems", Members, false),
        keyword("contains", Members, false),
        keyword("unevaluatedItems", Members, false),
        keyword("unevaluatedProperties", Members, false),
        keyword("contentSchema", Members, false),
    ]
};

impl Keyword {
    /// Returns the keyword of this name; `None` if it holds no schemas.
    pub fn find(name: &str) -> Option<&'static Keyword> {
        KEYWORDS.iter().find(|keyword| keyword.name == name)
    }

    /// Returns the schemas in the value of the keyword.
    pub fn schemas<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let places = self.places(value).into_iter();
        places.map(|(_, schema)| schema).collect()
    }

    /// Returns the schemas in the value of the keyword, each with its name or number there; `None`
    /// if the value itself is the schema.
    pub fn places<'a>(&self, value: &'a Value) -> Vec<(Option<String>, &'a Value)> {
        match value {
            Value::Object(members) if self.is_map => {
                let members = members.iter();
                let places = members.map(|(name, schema)| (Some(name.clone()), schema));
                places.collect()
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let places = items.map(|(number, schema)| (Some(number.to_string()), schema));
                places.collect()
            }
            schema => vec![(None, schema)],
        }
    }
}

/// Returns the schemas directly within a schema that describe its own value, or members of it.
pub fn schemas_in(schema: &Value, describes: Describes) -> impl Iterator<Item = &Value> {
    let keywords = KEYWORDS.iter();
    keywords
        .filter(move |keyword| keyword.describes == describes)
        .filter_map(|keyword| Some(keyword.schemas(schema.get(keyword.name)?)))
        .flatten()
}
