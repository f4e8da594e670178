//! The shape of what clients send: where this server looks for an object, there is none or an
//! object. Code that writes into an object later relies on this check.
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
/// The first field that has another shape.
pub fn check(resource: &Resource, object: &Value) -> ApiResult<()> {
    let refused = |field: &str, wanted: &str| {
        let (kind, version) = (resource.kind, resource.api_version());
        let field = field.trim_start_matches('/').replace('/', ".");
        let of = if field.is_empty() {
            "the object".to_owned()
        } else {
            field
        };
        Err(ApiError::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: {of} has to be {wanted}"
        )))
    };
    if !object.is_object() {
        return refused("", "an object");
    }
    let data = matches!(resource.plural, "configmaps" | "secrets");
    let data = DATA.iter().filter(|_| data);
    for field in OBJECTS.iter().chain(data) {
        if !matches!(
            object.pointer(field),
            None | Some(Value::Null | Value::Object(_))
        ) {
            return refused(field, "an object");
        }
    }
    for field in LISTS {
        let is_list = match object.pointer(field) {
            None | Some(Value::Null) => true,
            Some(Value::Array(items)) => items.iter().all(Value::is_object),
            Some(_) => false,
        };
        if !is_list {
            return refused(field, "a list of objects");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
