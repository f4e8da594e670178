//! `objects.yaml`: everything that a run writes to the API.
use crate::effect::ObjectWrite;
use kubephase_sdk::yaml;
use serde_json::Value;

/// Returns the text of `objects.yaml`: documents, each after a comment `# VERB resource
/// [namespace/]name`.
pub fn render_objects(writes: &[ObjectWrite]) -> String {
    let documents: Vec<String> = writes.iter().map(render_document).collect();
    documents.join("---\n")
}

fn render_document(write: &ObjectWrite) -> String {
    let namespace = write.namespace.iter();
    let namespace: String = namespace.map(|namespace| format!("{namespace}/")).collect();
    let kind = if write.verb == "PATCH" {
        "# patchType: application/strategic-merge-patch+json\n"
    } else {
        ""
    };
    let body = match serde_json::from_str(&write.body) {
        Ok(Value::Null) | Err(_) => String::new(),
        Ok(body) => yaml::to_string(&body),
    };
    let ObjectWrite {
        verb,
        resource,
        name,
        ..
    } = write;
    format!("# {verb} {resource} {namespace}{name}\n{kind}{body}")
}
