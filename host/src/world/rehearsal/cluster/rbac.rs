//! Who may do what: RBAC from the stored objects, as kube-apiserver evaluates it, and the Node
//! authorizer.
use super::{
    status::{Answer, ApiError},
    store::{Store, rbac},
};
use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub groups: Vec<String>,
}

impl User {
    pub fn anonymous() -> Self {
        User {
            name: "system:anonymous".into(),
            groups: vec!["system:unauthenticated".into()],
        }
    }

    fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub verb: String,
    pub group: String,
    /// with its subresource, `nodes/status`; empty for a path
    pub resource: String,
    pub namespace: String,
    pub name: String,
    pub path: String,
}

/// Whether a user may do it.
///
/// # Errors
/// kube-apiserver's refusal.
pub fn authorize(store: &Store, user: &User, request: &Request) -> Answer<()> {
    if user.is_in("system:masters")
        || node(user, request)
        || rules_of(store, user, &request.namespace).any(|rule| allows(rule, request))
    {
        return Ok(());
    }
    let who = &user.name;
    if request.resource.is_empty() {
        return Err(ApiError::forbidden(format!(
            "forbidden: User {who:?} cannot {} path {:?}",
            request.verb, request.path
        )));
    }
    let (plural, _) = request
        .resource
        .split_once('/')
        .unwrap_or((&request.resource, ""));
    let qualified = if request.group.is_empty() {
        plural.to_owned()
    } else {
        format!("{plural}.{}", request.group)
    };
    let object = if request.name.is_empty() {
        String::new()
    } else {
        format!(" {:?}", request.name)
    };
    let place = if request.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", request.namespace)
    };
    Err(ApiError::forbidden(format!(
        "{qualified}{object} is forbidden: User {who:?} cannot {} resource {:?} in API group {:?} \
         {place}",
        request.verb, request.resource, request.group
    )))
}

/// Every rule that is bound to a user, cluster-wide and in a namespace.
pub fn rules_of<'a>(
    store: &'a Store,
    user: &'a User,
    namespace: &str,
) -> impl Iterator<Item = &'a Value> {
    let everywhere = store
        .list(rbac("clusterrolebindings"), "")
        .map(|binding| (binding, String::new()));
    let here = if namespace.is_empty() {
        None
    } else {
        Some(store.list(rbac("rolebindings"), namespace))
    };
    let namespace = namespace.to_owned();
    let here = here
        .into_iter()
        .flatten()
        .map(move |binding| (binding, namespace.clone()));
    everywhere
        .chain(here)
        .filter(|(binding, _)| binds(binding, user))
        .flat_map(|(binding, namespace)| role_rules(store, &binding["roleRef"], &namespace))
}

/// The rules of the role that a binding names.
pub fn role_rules<'a>(
    store: &'a Store,
    reference: &Value,
    namespace: &str,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    let name = reference["name"].as_str().unwrap_or_default();
    let role = if reference["kind"] == "Role" {
        store.get(rbac("roles"), namespace, name)
    } else {
        store.get(rbac("clusterroles"), "", name)
    };
    role.and_then(|role| role["rules"].as_array())
        .into_iter()
        .flatten()
}

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

fn has(rule: &Value, field: &str, wanted: &str) -> bool {
    rule[field]
        .as_array()
        .into_iter()
        .flatten()
        .any(|entry| entry == "*" || entry == wanted)
}

pub fn allows(rule: &Value, request: &Request) -> bool {
    if !has(rule, "verbs", &request.verb) {
        return false;
    }
    if request.resource.is_empty() {
        return rule["nonResourceURLs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => request.path.starts_with(prefix),
                None => request.path == pattern,
            });
    }
    let below = request
        .resource
        .split_once('/')
        .map(|(_, sub)| format!("*/{sub}"));
    let resource = has(rule, "resources", &request.resource)
        || below.is_some_and(|below| has(rule, "resources", &below));
    let names = rule["resourceNames"]
        .as_array()
        .filter(|names| !names.is_empty());
    let named = names.is_none_or(|names| {
        names.iter().any(|name| *name == request.name.as_str()) && !request.name.is_empty()
    });
    has(rule, "apiGroups", &request.group) && resource && named
}

/// Nobody may give what they do not have (`escalate` and `bind` are what they may have instead).
///
/// # Errors
/// The refusal, with what is lacking.
pub fn may_grant<'a>(
    store: &Store,
    user: &User,
    request: &Request,
    granted: impl Iterator<Item = &'a Value>,
    instead: &str,
) -> Answer<()> {
    let verb = Request {
        verb: instead.to_owned(),
        ..request.clone()
    };
    if authorize(store, user, &verb).is_ok() {
        return Ok(());
    }
    let own: Vec<&Value> = rules_of(store, user, &request.namespace).collect();
    for rule in granted {
        for single in singles(rule) {
            if !own.iter().any(|rule| allows(rule, &single)) {
                return Err(ApiError::forbidden(format!(
                    "{}.{} {:?} is forbidden: user {:?} (groups={:?}) is attempting to grant RBAC \
                     permissions not currently held",
                    request.resource, request.group, request.name, user.name, user.groups
                )));
            }
        }
    }
    Ok(())
}

/// A rule taken apart into single requests.
fn singles(rule: &Value) -> Vec<Request> {
    let texts = |field: &str| -> Vec<String> {
        rule[field]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let names = texts("resourceNames");
    let names = if names.is_empty() {
        vec![String::new()]
    } else {
        names
    };
    let mut found = Vec::new();
    for verb in texts("verbs") {
        for path in texts("nonResourceURLs") {
            found.push(Request {
                verb: verb.clone(),
                path,
                ..Request::default()
            });
        }
        for group in texts("apiGroups") {
            for resource in texts("resources") {
                for name in &names {
                    found.push(Request {
                        verb: verb.clone(),
                        group: group.clone(),
                        resource: resource.clone(),
                        name: name.clone(),
                        ..Request::default()
                    });
                }
            }
        }
    }
    found
}

/// What a kubelet may do, of itself: its own Node, its leases, the Pods it runs, and reading what
/// it mounts.
fn node(user: &User, request: &Request) -> bool {
    let Some(name) = user
        .name
        .strip_prefix("system:node:")
        .filter(|_| user.is_in("system:nodes"))
    else {
        return false;
    };
    let reading = matches!(request.verb.as_str(), "get" | "list" | "watch");
    let writing = matches!(request.verb.as_str(), "create" | "update" | "patch");
    match (request.group.as_str(), request.resource.as_str()) {
        ("", "nodes" | "nodes/status") => {
            request.verb == "create" || reading || (writing && request.name == name)
        }
        ("", "services" | "endpoints")
        | ("discovery.k8s.io", "endpointslices")
        | ("storage.k8s.io", "csidrivers") => reading,
        ("", "pods") => reading || matches!(request.verb.as_str(), "create" | "delete"),
        ("", "pods/status") => writing,
        ("", "events") => writing,
        ("storage.k8s.io", "csinodes") => request.verb == "create" || request.name == name,
        ("coordination.k8s.io", "leases") => {
            request.namespace == "kube-node-lease"
                && (request.verb == "create" || request.name == name)
        }
        ("certificates.k8s.io", "certificatesigningrequests") => {
            reading || request.verb == "create"
        }
        _ => false,
    }
}
