//! Paths of resources.
use super::ApiCall;
use crate::world::{
    api::resources::{Resource, find_by_plural},
    rehearsal::api_server::{
        rbac::AccessRequest,
        status::{ApiError, ApiResult},
    },
};

/// The path of a resource, or of an object of it.
pub struct ResourcePath {
    pub resource: &'static Resource,
    /// The namespace; empty for all.
    pub namespace: String,
    /// The name of an object; empty for all.
    pub name: String,
    /// The subresource; empty for the object itself.
    pub subresource: String,
}

impl ResourcePath {
    /// Parses a path; `None` if it is not that of a known resource.
    pub fn parse(path: &str) -> Option<ResourcePath> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() && *rest != ["status"] => {
                (*namespace, rest)
            }
            rest => ("", rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, subresource] => (*plural, *name, *subresource),
            _ => return None,
        };
        let resource = find_by_plural(group, version, plural)?;
        Some(ResourcePath {
            resource,
            namespace: namespace.into(),
            name: percent_decode(name),
            subresource: subresource.into(),
        })
    }

    /// Returns the verb of a request for this path, as RBAC names it.
    ///
    /// # Errors
    /// The method is not allowed.
    pub fn verb(&self, call: &ApiCall) -> ApiResult<&'static str> {
        let is_watch = call
            .query
            .get("watch")
            .is_some_and(|watch| matches!(watch.as_str(), "true" | "1"));
        Ok(match (call.method.as_str(), self.name.is_empty()) {
            ("GET", true) if is_watch => "watch",
            ("GET", true) => "list",
            ("GET", false) => "get",
            ("POST", _) => "create",
            ("PUT", false) => "update",
            ("PATCH", false) => "patch",
            ("DELETE", true) => "deletecollection",
            ("DELETE", false) => "delete",
            _ => return Err(ApiError::method_not_allowed()),
        })
    }

    /// Returns what RBAC has to allow for a request for this path.
    pub fn access_request(&self, call: &ApiCall, verb: &str) -> AccessRequest {
        let plural = self.resource.plural;
        let resource = if self.subresource.is_empty() {
            plural.to_owned()
        } else {
            format!("{plural}/{}", self.subresource)
        };
        AccessRequest {
            verb: verb.into(),
            group: self.resource.group.into(),
            resource,
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            path: call.path.clone(),
        }
    }
}

fn percent_decode(text: &str) -> String {
    url::form_urlencoded::parse(format!("v={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
