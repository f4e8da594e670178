//! Rules of roles.
use super::{AccessRequest, User};
use crate::world::rehearsal::api_server::store::{Store, rbac_resource};
use serde_json::Value;

/// Returns every rule that is bound to a user, for all namespaces and for this one.
pub fn rules_of<'a>(
    store: &'a Store,
    user: &'a User,
    namespace: &str,
) -> impl Iterator<Item = &'a Value> {
    let cluster_bindings = store
        .list(rbac_resource("clusterrolebindings"), "")
        .map(|binding| (binding, String::new()));
    // An empty namespace would list the bindings of all namespaces.
    let bindings =
        (!namespace.is_empty()).then(|| store.list(rbac_resource("rolebindings"), namespace));
    let namespace = namespace.to_owned();
    let bindings = bindings
        .into_iter()
        .flatten()
        .map(move |binding| (binding, namespace.clone()));
    cluster_bindings
        .chain(bindings)
        .filter(|(binding, _)| binds(binding, user))
        .flat_map(|(binding, namespace)| role_rules(store, &binding["roleRef"], &namespace))
}

/// Returns the rules of the role that a binding names.
pub fn role_rules<'a>(
    store: &'a Store,
    reference: &Value,
    namespace: &str,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    let name = reference["name"].as_str().unwrap_or_default();
    let role = if reference["kind"] == "Role" {
        store.get(rbac_resource("roles"), namespace, name)
    } else {
        store.get(rbac_resource("clusterroles"), "", name)
    };
    role.and_then(|role| role["rules"].as_array())
        .into_iter()
        .flatten()
}

/// Whether a binding binds a role to a user.
fn binds(binding: &Value, user: &User) -> bool {
    binding["subjects"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|subject| {
            let name = subject["name"].as_str().unwrap_or_default();
            match subject["kind"].as_str() {
                Some("User") => name == user.name,
                Some("Group") => user.is_in(name),
                Some("ServiceAccount") => {
                    user.name
                        == format!(
                            "system:serviceaccount:{}:{name}",
                            subject["namespace"].as_str().unwrap_or_default()
                        )
                }
                _ => false,
            }
        })
}

/// Whether a list of a rule has an entry.
fn lists(rule: &Value, field: &str, wanted: &str) -> bool {
    rule[field]
        .as_array()
        .into_iter()
        .flatten()
        .any(|entry| entry == "*" || entry == wanted)
}

/// Whether a rule allows a request.
pub fn allows(rule: &Value, request: &AccessRequest) -> bool {
    if !lists(rule, "verbs", &request.verb) {
        return false;
    }
    if request.resource.is_empty() {
        return allows_path(rule, &request.path);
    }
    let any_with_subresource = request
        .resource
        .split_once('/')
        .map(|(_, subresource)| format!("*/{subresource}"));
    let has_resource = lists(rule, "resources", &request.resource)
        || any_with_subresource.is_some_and(|resource| lists(rule, "resources", &resource));
    let names = rule["resourceNames"]
        .as_array()
        .filter(|names| !names.is_empty());
    let has_name = names.is_none_or(|names| {
        names.iter().any(|name| *name == request.name.as_str()) && !request.name.is_empty()
    });
    lists(rule, "apiGroups", &request.group) && has_resource && has_name
}

/// Whether a rule has a path, or a pattern that ends with `*` and matches it.
fn allows_path(rule: &Value, path: &str) -> bool {
    rule["nonResourceURLs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == pattern,
        })
}
