//! Selectors choose the objects of a resource that a request is about, by labels and fields.
use super::status::{ApiError, ApiResult};
use serde_json::Value;
use std::collections::BTreeMap;

/// Label and field selectors, as the query of a list or watch writes them.
#[derive(Clone, Default)]
pub struct Selectors {
    labels: Vec<LabelSelector>,
    fields: Vec<FieldSelector>,
}

#[derive(Clone)]
struct LabelSelector {
    key: String,
    /// `true` if the objects that have such a value are selected, `false` if the others are.
    wanted: bool,
    /// The values; `None` for any value.
    values: Option<Vec<String>>,
}

#[derive(Clone)]
struct FieldSelector {
    /// The field as a JSON pointer.
    pointer: String,
    /// `true` if the objects that have the value are selected, `false` if the others are.
    wanted: bool,
    value: String,
}

impl Selectors {
    /// Parses the selectors of a query.
    ///
    /// # Errors
    /// `BadRequest` for a field selector without an operator.
    pub fn parse(query: &BTreeMap<String, String>) -> ApiResult<Selectors> {
        let labels = parameter(query, "labelSelector");
        // Commas inside of parentheses belong to a set.
        let mut depth = 0;
        let labels = labels
            .split(|char: char| {
                depth += i32::from(char == '(') - i32::from(char == ')');
                char == ',' && depth == 0
            })
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(LabelSelector::parse)
            .collect();
        let fields = parameter(query, "fieldSelector")
            .split(',')
            .filter(|part| !part.is_empty())
            .map(FieldSelector::parse)
            .collect::<ApiResult<_>>()?;
        Ok(Selectors { labels, fields })
    }

    /// Whether all selectors select an object.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|selector| selector.matches(object))
            && self.fields.iter().all(|selector| selector.matches(object))
    }
}

fn parameter<'a>(query: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    query.get(name).map(String::as_str).unwrap_or_default()
}

impl LabelSelector {
    fn parse(text: &str) -> LabelSelector {
        let (key, wanted, values) = if let Some((key, values)) = text.split_once(" notin ") {
            (key.trim(), false, Some(parse_set(values)))
        } else if let Some((key, values)) = text.split_once(" in ") {
            (key.trim(), true, Some(parse_set(values)))
        } else if let Some((key, value)) = text.split_once("!=") {
            (key, false, Some(vec![value.to_owned()]))
        } else if let Some((key, value)) = text.split_once('=') {
            let value = value.trim_start_matches('=').to_owned();
            (key, true, Some(vec![value]))
        } else {
            (text.trim_start_matches('!'), !text.starts_with('!'), None)
        };
        LabelSelector {
            key: key.to_owned(),
            wanted,
            values,
        }
    }

    fn matches(&self, object: &Value) -> bool {
        let label = object["metadata"]["labels"][&self.key].as_str();
        let fits = match &self.values {
            Some(values) => label.is_some_and(|label| values.iter().any(|value| value == label)),
            None => label.is_some(),
        };
        fits == self.wanted
    }
}

/// Parses the values of a set: `(a, b)`.
fn parse_set(text: &str) -> Vec<String> {
    text.trim()
        .trim_matches(['(', ')'])
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect()
}

impl FieldSelector {
    fn parse(text: &str) -> ApiResult<FieldSelector> {
        let (path, wanted, value) = match (text.split_once("!="), text.split_once('=')) {
            (Some((path, value)), _) => (path, false, value),
            (_, Some((path, value))) => (path, true, value.trim_start_matches('=')),
            _ => {
                return Err(ApiError::bad_request(format!(
                    "invalid field selector {text:?}"
                )));
            }
        };
        Ok(FieldSelector {
            pointer: format!("/{}", path.replace('.', "/")),
            wanted,
            value: value.to_owned(),
        })
    }

    fn matches(&self, object: &Value) -> bool {
        let value = match object.pointer(&self.pointer) {
            Some(Value::String(text)) => text.as_str(),
            Some(Value::Bool(true)) => "true",
            // Nodes lack the field while Pods may be scheduled to them.
            None if self.pointer == "/spec/unschedulable" => "false",
            Some(Value::Bool(false)) => "false",
            _ => "",
        };
        (value == self.value) == self.wanted
    }
}
