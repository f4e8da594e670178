//! Which objects of a resource a request is about, by their labels and fields.
use super::status::{Answer, ApiError};
use serde_json::Value;
use std::collections::BTreeMap;

/// Label and field selectors, as the query of a list or watch writes them.
#[derive(Clone, Default)]
pub struct Selectors {
    labels: Vec<(String, bool, Option<Vec<String>>)>,
    fields: Vec<(String, bool, String)>,
}

impl Selectors {
    pub fn parse(query: &BTreeMap<String, String>) -> Answer<Selectors> {
        let mut found = Selectors::default();
        let labels = query
            .get("labelSelector")
            .map(String::as_str)
            .unwrap_or_default();
        // Commas inside of parentheses belong to a set.
        let mut depth = 0;
        let parts = labels.split(|c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        });
        for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
            let set = |text: &str| {
                text.trim()
                    .trim_matches(['(', ')'])
                    .split(',')
                    .map(|value| value.trim().to_owned())
                    .collect()
            };
            found
                .labels
                .push(if let Some((key, values)) = part.split_once(" notin ") {
                    (key.trim().to_owned(), false, Some(set(values)))
                } else if let Some((key, values)) = part.split_once(" in ") {
                    (key.trim().to_owned(), true, Some(set(values)))
                } else if let Some((key, value)) = part.split_once("!=") {
                    (key.to_owned(), false, Some(vec![value.to_owned()]))
                } else if let Some((key, value)) = part.split_once('=') {
                    (
                        key.to_owned(),
                        true,
                        Some(vec![value.trim_start_matches('=').to_owned()]),
                    )
                } else {
                    (
                        part.trim_start_matches('!').to_owned(),
                        !part.starts_with('!'),
                        None,
                    )
                });
        }
        for part in query
            .get("fieldSelector")
            .map(String::as_str)
            .unwrap_or_default()
            .split(',')
            .filter(|part| !part.is_empty())
        {
            let (path, equal, value) = match (part.split_once("!="), part.split_once('=')) {
                (Some((path, value)), _) => (path, false, value),
                (_, Some((path, value))) => (path, true, value.trim_start_matches('=')),
                _ => {
                    return Err(ApiError::bad_request(format!(
                        "invalid field selector {part:?}"
                    )));
                }
            };
            found.fields.push((
                format!("/{}", path.replace('.', "/")),
                equal,
                value.to_owned(),
            ));
        }
        Ok(found)
    }

    pub fn fit(&self, object: &Value) -> bool {
        let labels = self.labels.iter().all(|(key, wanted, values)| {
            let label = object["metadata"]["labels"][key].as_str();
            let found = match values {
                Some(values) => {
                    label.is_some_and(|label| values.iter().any(|value| value == label))
                }
                None => label.is_some(),
            };
            found == *wanted
        });
        labels
            && self.fields.iter().all(|(path, wanted, value)| {
                (object
                    .pointer(path)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    == value)
                    == *wanted
            })
    }
}
