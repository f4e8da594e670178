//! `objects.yaml`: everything that a run writes to the API.
use crate::effect::Sent;
use kubephase_sdk::yaml;
use serde_json::Value;

/// Returns the text of `objects.yaml`: documents, each after a comment `# VERB resource
/// [namespace/]name`.
pub fn render_objects(sent: &[Sent]) -> String {
    let documents: Vec<String> = sent.iter().map(render_document).collect();
    documents.join("---\n")
}

fn render_document(sent: &Sent) -> String {
    let namespace = sent.namespace.iter();
    let namespace: String = namespace.map(|namespace| format!("{namespace}/")).collect();
    let kind = if sent.verb == "PATCH" {
        "# patchType: application/strategic-merge-patch+json\n"
    } else {
        ""
    };
    let body = match serde_json::from_str(&sent.body) {
        Ok(Value::Null) | Err(_) => String::new(),
        Ok(body) => yaml::to_string(&body),
    };
    let Sent {
        verb,
        resource,
        name,
        ..
    } = sent;
    format!("# {verb} {resource} {namespace}{name}\n{kind}{body}")
}
