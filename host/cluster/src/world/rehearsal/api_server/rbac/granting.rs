//! Changes of roles and bindings: a user may only grant rights that the user has.
use super::{
    AccessRequest, User, authorize,
    rules::{allows, rules_of},
};
use crate::world::rehearsal::api_server::{
    status::{ApiError, ApiResult},
    store::Store,
};
use serde_json::Value;

/// Checks that a user has all rights that the granted rules give, or may use the verb `escalate` or
/// `bind` instead.
///
/// # Errors
/// `Forbidden`, in kube-apiserver's words.
pub fn check_grant<'a>(
    store: &Store,
    user: &User,
    request: &AccessRequest,
    granted: impl Iterator<Item = &'a Value>,
    instead: &str,
) -> ApiResult<()> {
    let verb = AccessRequest {
        verb: instead.to_owned(),
        ..request.clone()
    };
    if authorize(store, user, &verb).is_ok() {
        return Ok(());
    }
    let own: Vec<&Value> = rules_of(store, user, &request.namespace).collect();
    let lacks_any = granted
        .flat_map(to_requests)
        .any(|request| !own.iter().any(|rule| allows(rule, &request)));
    if lacks_any {
        return Err(ApiError::forbidden(format!(
            "{}.{} {:?} is forbidden: user {:?} (groups={:?}) is attempting to grant RBAC \
             permissions not currently held",
            request.resource, request.group, request.name, user.name, user.groups
        )));
    }
    Ok(())
}

/// Returns the texts of a list of a rule.
fn texts(rule: &Value, field: &str) -> Vec<String> {
    rule[field]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Returns everything that a rule allows, as single requests.
fn to_requests(rule: &Value) -> Vec<AccessRequest> {
    let mut names = texts(rule, "resourceNames");
    if names.is_empty() {
        names.push(String::new());
    }
    let mut found = Vec::new();
    for verb in texts(rule, "verbs") {
        for path in texts(rule, "nonResourceURLs") {
            found.push(AccessRequest {
                verb: verb.clone(),
                path,
                ..AccessRequest::default()
            });
        }
        for group in texts(rule, "apiGroups") {
            for resource in texts(rule, "resources") {
                for name in &names {
                    found.push(AccessRequest {
                        verb: verb.clone(),
                        group: group.clone(),
                        resource: resource.clone(),
                        name: name.clone(),
                        ..AccessRequest::default()
                    });
                }
            }
        }
    }
    found
}
