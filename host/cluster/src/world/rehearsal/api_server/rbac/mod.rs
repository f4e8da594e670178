//! Authorization: RBAC by the stored roles and bindings, as kube-apiserver evaluates it, and the
//! Node authorizer.
//!
//! `rules` finds and evaluates rules, `granting` checks changes of roles, `node_authorizer` has the
//! rights of kubelets.
mod granting;
mod node_authorizer;
mod rules;

pub use granting::check_grant;
pub use rules::role_rules;

use super::{
    status::{ApiError, ApiResult},
    store::Store,
};
use rules::{allows, rules_of};

/// A user of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub groups: Vec<String>,
}

impl User {
    /// Returns the user of clients without credentials.
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

/// An access that a user asks for: to objects of a resource, or to a path.
#[derive(Clone, Debug, Default)]
pub struct AccessRequest {
    pub verb: String,
    pub group: String,
    /// The resource with its subresource, `nodes/status`; empty for a path.
    pub resource: String,
    pub namespace: String,
    pub name: String,
    /// The path, if it is not that of a resource.
    pub path: String,
}

/// Checks that a user may do what the request asks.
///
/// # Errors
/// `Forbidden` if the user lacks the right. The message is in kube-apiserver's words.
pub fn authorize(store: &Store, user: &User, request: &AccessRequest) -> ApiResult<()> {
    if user.is_in("system:masters")
        || node_authorizer::allows(user, request)
        || rules_of(store, user, &request.namespace).any(|rule| allows(rule, request))
    {
        Ok(())
    } else {
        Err(ApiError::forbidden(refusal(user, request)))
    }
}

fn refusal(user: &User, request: &AccessRequest) -> String {
    let user = &user.name;
    if request.resource.is_empty() {
        return format!(
            "forbidden: User {user:?} cannot {} path {:?}",
            request.verb, request.path
        );
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
    let scope = if request.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", request.namespace)
    };
    format!(
        "{qualified}{object} is forbidden: User {user:?} cannot {} resource {:?} in API group {:?} \
         {scope}",
        request.verb, request.resource, request.group
    )
}
