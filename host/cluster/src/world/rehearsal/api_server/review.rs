//! Reviews: questions of a user about its own rights.
use super::{
    rbac::{self, AccessRequest, User},
    status::{ApiError, ApiResult},
    store::Store,
};
use serde_json::{Value, json};

/// Answers a review: who the user is, or whether it may do something.
///
/// # Errors
/// `NotFound` for an unknown review.
pub fn answer_review(store: &Store, user: &User, review: &str, body: &Value) -> ApiResult<Value> {
    match review {
        "selfsubjectreviews" => Ok(json!({
            "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {},
            "status": {"userInfo": {"username": user.name, "groups": user.groups}},
        })),
        "selfsubjectaccessreviews" => {
            let request = parse_request(&body["spec"]);
            let allowed = rbac::authorize(store, user, &request).is_ok();
            Ok(json!({
                "kind": "SelfSubjectAccessReview",
                "apiVersion": "authorization.k8s.io/v1",
                "metadata": {},
                "spec": body["spec"],
                "status": {"allowed": allowed},
            }))
        }
        _ => Err(ApiError::no_such_path()),
    }
}

/// Parses the `spec` of a SelfSubjectAccessReview.
fn parse_request(spec: &Value) -> AccessRequest {
    let (attributes, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let subresource = text(attributes, "subresource");
    let resource = if subresource.is_empty() {
        text(attributes, "resource")
    } else {
        format!("{}/{subresource}", text(attributes, "resource"))
    };
    let verb = if path["verb"].is_string() {
        text(path, "verb")
    } else {
        text(attributes, "verb")
    };
    AccessRequest {
        verb,
        group: text(attributes, "group"),
        resource,
        namespace: text(attributes, "namespace"),
        name: text(attributes, "name"),
        path: text(path, "path"),
    }
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}
