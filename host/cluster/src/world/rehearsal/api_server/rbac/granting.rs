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

/// Checks that a user has all granted rights, or that `bypass` is allowed: `escalate` to change a
/// role, `bind` to bind one. `request` is the change.
///
/// # Errors
/// `Forbidden`, with a message like kube-apiserver's, which also lists the missing rights.
pub fn check_grant<'a>(
    store: &Store,
    user: &User,
    request: &AccessRequest,
    granted: impl Iterator<Item = &'a Value>,
    bypass: &AccessRequest,
) -> ApiResult<()> {
    if authorize(store, user, bypass).is_ok() {
        return Ok(());
    }
    let own: Vec<&Value> = rules_of(store, user, &request.namespace).collect();
    let lacks_any = granted
        .flat_map(to_requests)
        .any(|request| !own.iter().any(|rule| allows(rule, &request)));
    if lacks_any {
        // As Go prints a list of texts.
        let groups: Vec<String> = user
            .groups
            .iter()
            .map(|group| format!("{group:?}"))
            .collect();
        return Err(ApiError::forbidden(format!(
            "{}.{} {:?} is forbidden: user {:?} (groups=[{}]) is attempting to grant RBAC \
             permissions not currently held",
            request.resource,
            request.group,
            request.name,
            user.name,
            groups.join(" ")
        )));
    }
    Ok(())
}

/// Returns the strings in a list field of a rule; empty if the rule lacks the field.
fn strings_in(rule: &Value, field: &str) -> Vec<String> {
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
    let mut names = strings_in(rule, "resourceNames");
    if names.is_empty() {
        names.push(String::new());
    }
    let mut found = Vec::new();
    for verb in strings_in(rule, "verbs") {
        for path in strings_in(rule, "nonResourceURLs") {
            found.push(AccessRequest {
                verb: verb.clone(),
                path,
                ..AccessRequest::default()
            });
        }
        for group in strings_in(rule, "apiGroups") {
            for resource in strings_in(rule, "resources") {
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
