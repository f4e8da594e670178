//! Answers that are errors: `Status` objects, in kube-apiserver's words.
use crate::world::api::resources::Resource;
use serde_json::{Value, json};

/// An answer that is an error.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The HTTP status code.
    pub code: u16,
    /// The reason, in the words of `Status`: `NotFound`.
    pub reason: &'static str,
    pub message: String,
    details: Value,
}

/// The result of a request.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    fn new(code: u16, reason: &'static str, message: String) -> Self {
        ApiError {
            code,
            reason,
            message,
            details: json!({}),
        }
    }

    fn with_details(self, resource: &Resource, name: &str) -> Self {
        ApiError {
            details: json!({"name": name, "group": resource.group, "kind": resource.plural}),
            ..self
        }
    }

    /// Returns the error that an object does not exist.
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} {name:?} not found", resource.qualified_name()),
        )
        .with_details(resource, name)
    }

    /// Returns the error that there is nothing at a path.
    pub fn no_such_path() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource".into(),
        )
    }

    /// Returns the error that an object that was to be created exists.
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} {name:?} already exists", resource.qualified_name()),
        )
        .with_details(resource, name)
    }

    /// Returns the error that an object was changed since it was read.
    pub fn conflict_of_revisions(resource: &Resource, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: the object has been modified; please \
             apply your changes to the latest version and try again",
            resource.qualified_name()
        );
        Self::new(409, "Conflict", message).with_details(resource, name)
    }

    /// Returns the error that another field manager has a field.
    pub fn conflict(message: String) -> Self {
        Self::new(409, "Conflict", message)
    }

    /// Returns the error that an object is not valid; `why` names the field.
    pub fn invalid(resource: &Resource, name: &str, why: &str) -> Self {
        let kind = if resource.group.is_empty() {
            resource.kind.to_owned()
        } else {
            format!("{}.{}", resource.kind, resource.group)
        };
        Self::new(422, "Invalid", format!("{kind} {name:?} is invalid: {why}"))
            .with_details(resource, name)
    }

    /// Returns the error that the user may not do this.
    pub fn forbidden(message: String) -> Self {
        Self::new(403, "Forbidden", message)
    }

    /// Returns the error that the credentials are not valid.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".into())
    }

    /// Returns the error that the request is not valid.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into())
    }

    /// Returns the error that the body is too large, with the reason.
    pub fn request_entity_too_large(why: &str) -> Self {
        let message = format!("Request entity too large: {why}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// Returns the error that the body is of an unknown type.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message.into())
    }

    /// Returns the error that the resource does not have this method.
    pub fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource".into(),
        )
    }

    /// This server cannot carry out the request because of a mistake of its own.
    pub fn internal() -> Self {
        Self::new(
            500,
            "InternalError",
            "the rehearsed API server failed because of a mistake in it: please report what was \
             sent"
                .into(),
        )
    }

    /// Returns the error as a `Status`.
    pub fn body(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        })
    }
}
