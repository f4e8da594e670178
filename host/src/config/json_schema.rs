//! The documents of a configuration file as JSON Schema (draft 2020-12), for editors. The schemas
//! are derived from the tables and types by which the documents are checked, and describe the
//! newest release. They check structure: what depends on several fields, on the node or on the
//! cluster is checked by `config validate` and by the runs.
mod fields;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

use super::{
    component::{ComponentKind, Struct},
    document_kinds::{COMPONENTS, KUBEADM},
    documents::GROUP,
    phases::{self, PhaseConfiguration},
};
use regex::Regex;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, sync::LazyLock};

/// The dialect of the schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of one kind of document.
#[derive(Clone, Debug)]
pub struct DocumentSchema {
    pub api_version: String,
    pub kind: &'static str,
    /// the schema itself, without the definitions that it refers to as `#/$defs/NAME`
    pub schema: Value,
    pub definitions: Map<String, Value>,
}

impl DocumentSchema {
    /// Makes the schema of a document that a table describes.
    fn of_table(api_version: impl Into<String>, kind: &'static str, table: &Struct) -> Self {
        let mut definitions = Map::new();
        let mut schema = fields::of_struct(table, &mut definitions);
        // A document is never null, unlike a field.
        schema["type"] = json!("object");
        DocumentSchema {
            api_version: api_version.into(),
            kind,
            schema,
            definitions,
        }
        .with_type()
    }

    /// Makes the schema of the document that a type describes.
    fn of_type<T: JsonSchema>(api_version: &str, kind: &'static str) -> Self {
        let mut schema = of_type::<T>();
        let parts = schema.as_object_mut();
        let definitions = parts.and_then(|parts| {
            parts.remove("$schema");
            parts.remove("$defs")
        });
        DocumentSchema {
            api_version: api_version.to_owned(),
            kind,
            schema,
            definitions: match definitions {
                Some(Value::Object(definitions)) => definitions,
                _ => Map::new(),
            },
        }
        .with_type()
    }

    /// Demands the `apiVersion` and the `kind` of the document.
    fn with_type(mut self) -> Self {
        self.schema["title"] = json!(self.kind);
        self.schema["properties"]["apiVersion"] = json!({"const": self.api_version});
        self.schema["properties"]["kind"] = json!({"const": self.kind});
        self.schema["required"] = json!(["apiVersion", "kind"]);
        self
    }

    /// Returns the name of the schema among the definitions of [`any_document`].
    fn definition_name(&self) -> String {
        let version = self.api_version.rsplit('/').next().unwrap_or_default();
        format!("{version}.{}", self.kind)
    }

    /// Returns the schema with everything that it refers to.
    pub fn complete(self) -> Value {
        let mut schema = self.schema;
        schema["$schema"] = json!(DIALECT);
        if !self.definitions.is_empty() {
            schema["$defs"] = Value::Object(self.definitions);
        }
        schema
    }
}

/// Returns the schemas of all documents that a configuration file may have.
pub fn document_schemas() -> Vec<DocumentSchema> {
    let kubeadm = KUBEADM.iter().flat_map(|document| {
        let current = Some(("v1beta4", document.current));
        let old = document.v1beta3.map(|table| ("v1beta3", table));
        current.into_iter().chain(old).map(move |(version, table)| {
            let api_version = format!("{GROUP}/{version}");
            DocumentSchema::of_table(api_version, document.kind, table)
        })
    });
    let components = COMPONENTS.iter().map(|component: &ComponentKind| {
        DocumentSchema::of_table(
            component.api_version(),
            component.kind(),
            component.schema(),
        )
    });
    let own = DocumentSchema::of_type::<PhaseConfiguration>(phases::API_VERSION, phases::KIND);
    kubeadm.chain(components).chain([own]).collect()
}

/// Returns one schema for the documents of a configuration file: `apiVersion` and `kind` decide
/// which of the schemas a document has to fit.
pub fn any_document(documents: Vec<DocumentSchema>) -> Value {
    let versions: BTreeSet<&str> = documents
        .iter()
        .map(|document| document.api_version.as_str())
        .collect();
    let types: Vec<Value> = versions
        .iter()
        .map(|version| {
            let of_version = documents
                .iter()
                .filter(|document| document.api_version == *version);
            let kinds: Vec<&str> = of_version.map(|document| document.kind).collect();
            json!({"properties": {"apiVersion": {"const": version}, "kind": {"enum": kinds}}})
        })
        .collect();
    let kinds: BTreeSet<&str> = documents.iter().map(|document| document.kind).collect();
    let choices: Vec<Value> = documents
        .iter()
        .map(|document| {
            json!({
                "if": {
                    "properties": {
                        "apiVersion": {"const": document.api_version},
                        "kind": {"const": document.kind},
                    },
                    "required": ["apiVersion", "kind"],
                },
                "then": {"$ref": format!("#/$defs/{}", document.definition_name())},
            })
        })
        .collect();
    let mut schema = json!({
        "$schema": DIALECT,
        "title": "A document of a configuration file",
        "type": "object",
        "properties": {"apiVersion": {"enum": versions}, "kind": {"enum": kinds}},
        "required": ["apiVersion", "kind"],
        "anyOf": types,
        "allOf": choices,
    });
    let mut definitions = Map::new();
    for document in documents {
        let name = document.definition_name();
        definitions.extend(document.definitions);
        definitions.insert(name, document.schema);
    }
    schema["$defs"] = Value::Object(definitions);
    schema
}

/// Returns the schema of the values from which a type is deserialised, with everything that it
/// refers to. The documentation of the type and of its fields becomes descriptions.
pub fn of_type<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    write_descriptions_plainly(&mut schema);
    limit_integers(&mut schema);
    schema
}

/// Adds the range of the integers whose type has 16 or 32 bits. Their format alone demands
/// nothing of a validator.
fn limit_integers(schema: &mut Value) {
    match schema {
        Value::Object(parts) => {
            let range = match parts.get("format").and_then(Value::as_str) {
                Some("uint16") => Some((0, i64::from(u16::MAX))),
                Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
                Some("uint32") => Some((0, i64::from(u32::MAX))),
                _ => None,
            };
            if let Some((smallest, largest)) = range {
                parts.entry("minimum").or_insert(json!(smallest));
                parts.entry("maximum").or_insert(json!(largest));
            }
            parts.values_mut().for_each(limit_integers);
        }
        Value::Array(parts) => parts.iter_mut().for_each(limit_integers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Removes what only means something in Rust from all descriptions: links of the documentation, and
/// the ends of its lines.
fn write_descriptions_plainly(schema: &mut Value) {
    static LINK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\[(?P<code>`[^`\]]+`)\](?:\([^)]*\))?|\[(?P<text>[^\]]+)\]\([^)]*\)")
            .expect("a valid pattern")
    });
    match schema {
        Value::Object(parts) => {
            for (name, part) in parts {
                match part {
                    Value::String(text) if name == "description" => {
                        let lines: Vec<&str> = text.lines().map(str::trim).collect();
                        *text = LINK
                            .replace_all(&lines.join(" "), "$code$text")
                            .into_owned();
                    }
                    part => write_descriptions_plainly(part),
                }
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(write_descriptions_plainly),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
