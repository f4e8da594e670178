//! The shape of objects that clients send. Where this server looks for an object, the sent object
//! must have an object or nothing. Code that later writes into the object relies on this check.
use super::status::{ApiError, ApiResult};
use crate::world::api::resources::Resource;
use serde_json::Value;

/// Fields that are objects, of every kind.
const OBJECTS: &[&str] = &[
    "/metadata",
    "/metadata/labels",
    "/metadata/annotations",
    "/spec",
    "/status",
];

/// Fields that are objects, of kinds that hold data.
const DATA: &[&str] = &["/data", "/stringData", "/binaryData"];

/// Lists of objects.
const LISTS: &[&str] = &["/spec/ports", "/subjects", "/rules"];

/// Checks an object that was sent.
///
/// # Errors
/// Names the first field that has another shape.
pub fn check(resource: &Resource, object: &Value) -> ApiResult<()> {
    if !object.is_object() {
        return Err(refusal(resource, "", "an object"));
    }
    let data = matches!(resource.plural, "configmaps" | "secrets");
    let data = DATA.iter().filter(|_| data);
    for field in OBJECTS.iter().chain(data) {
        if !matches!(
            object.pointer(field),
            None | Some(Value::Null | Value::Object(_))
        ) {
            return Err(refusal(resource, field, "an object"));
        }
    }
    for field in LISTS {
        let is_list = match object.pointer(field) {
            None | Some(Value::Null) => true,
            Some(Value::Array(items)) => items.iter().all(Value::is_object),
            Some(_) => false,
        };
        if !is_list {
            return Err(refusal(resource, field, "a list of objects"));
        }
    }
    Ok(())
}

/// Returns the answer to an object in which a field has another shape. An empty field name stands
/// for the object itself.
fn refusal(resource: &Resource, field: &str, wanted: &str) -> ApiError {
    let (kind, version) = (resource.kind, resource.api_version());
    let field = field.trim_start_matches('/').replace('/', ".");
    let subject = if field.is_empty() {
        "the object"
    } else {
        &field
    };
    ApiError::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {kind}: {subject} has to be {wanted}"
    ))
}

#[cfg(test)]
mod tests;
