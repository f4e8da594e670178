//! What a user may ask about itself: who it is, and whether it may.
use super::{
    rbac::{self, Request, User},
    status::{Answer, ApiError},
    store::Store,
};
use serde_json::{Value, json};

/// # Errors
/// `not-found` for a review that there is not.
pub fn answer(store: &Store, user: &User, review: &str, body: &Value) -> Answer<Value> {
    let answer = match review {
        "selfsubjectreviews" => json!({
            "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {},
            "status": {"userInfo": {"username": user.name, "groups": user.groups}},
        }),
        "selfsubjectaccessreviews" => {
            let text = |field: &str| {
                body["spec"]["resourceAttributes"][field]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let sub = text("subresource");
            let resource = if sub.is_empty() {
                text("resource")
            } else {
                format!("{}/{sub}", text("resource"))
            };
            let path = body["spec"]["nonResourceAttributes"]["path"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let verb = body["spec"]["nonResourceAttributes"]["verb"]
                .as_str()
                .map_or_else(|| text("verb"), str::to_owned);
            let request = Request {
                verb,
                group: text("group"),
                resource,
                namespace: text("namespace"),
                name: text("name"),
                path,
            };
            let allowed = rbac::authorize(store, user, &request).is_ok();
            json!({
                "kind": "SelfSubjectAccessReview",
                "apiVersion": "authorization.k8s.io/v1",
                "metadata": {},
                "spec": body["spec"],
                "status": {"allowed": allowed},
            })
        }
        _ => return Err(ApiError::no_such_path()),
    };
    Ok(answer)
}
