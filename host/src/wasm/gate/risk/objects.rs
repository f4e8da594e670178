//! The risk of grants to read and change objects of the cluster.
use super::{Danger, cluster_admin};
use crate::wasm::{
    gate::{content, own::is_own},
    request::{ObjectPattern, Request},
};

/// The kind of the objects that namespaces are.
pub const NAMESPACE: &str = "Namespace";

/// Whether objects of a namespace may be the cluster's own, or decide about its own.
pub fn is_shared(namespace: &str) -> bool {
    namespace == "default" || namespace.starts_with("kube-")
}

/// Whether a pattern fits only objects with names that nobody but the plugin gives.
fn has_own_names(pattern: &ObjectPattern, plugin: &str) -> bool {
    !pattern.names.is_empty() && pattern.names.iter().all(|name| is_own(name, plugin))
}

/// Whether all objects that a pattern fits are where only the plugin has objects, or have names
/// that only the plugin gives. Whether they are the plugin's is seen again when they are changed:
/// they have to carry its mark ([`crate::effect::objects::owner`]).
fn are_own(pattern: &ObjectPattern, plugin: &str) -> bool {
    match (pattern.kind.as_str(), pattern.namespace.as_deref()) {
        // A namespace is in no other namespace, whatever the pattern says.
        (NAMESPACE, _) => has_own_names(pattern, plugin),
        (_, Some(namespace)) if is_own(namespace, plugin) => true,
        ("ConfigMap", namespace) if namespace.is_none_or(is_shared) => {
            has_own_names(pattern, plugin)
        }
        _ => false,
    }
}

/// Returns what writing the objects of a pattern could do beyond these objects; none if the host
/// judges what is in them ([`content`]) and nothing else goes by them.
fn right_of(pattern: &ObjectPattern, plugin: &str) -> Option<String> {
    let ObjectPattern { kind, .. } = pattern;
    if content::shape_of(&pattern.api_version, kind).is_none() {
        return Some(format!(
            "objects of the kind {kind} ({}) may give rights, or decide about others' objects",
            pattern.api_version
        ));
    }
    if are_own(pattern, plugin) {
        return None;
    }
    let place = pattern.namespace.as_deref().unwrap_or("every namespace");
    Some(match kind.as_str() {
        NAMESPACE => "what is in a namespace belongs to those who use it".into(),
        "ServiceAccount" => {
            format!("Pods may run as these accounts of {place}, and controllers have theirs there")
        }
        _ => format!("a {kind} of {place} may be another's, or decide about others' objects"),
    })
}

/// Whether writing the objects of a pattern gives a plugin no power over anything else, as long as
/// what is in them is harmless and those that are there already carry the plugin's mark.
pub fn is_harmless(pattern: &ObjectPattern, plugin: &str) -> bool {
    !pattern.host_access && right_of(pattern, plugin).is_none()
}

/// Judges a grant to write and delete objects.
pub(super) fn changed_objects(request: &Request, plugin: &str) -> Vec<Danger> {
    let judge = |pattern: &ObjectPattern| {
        let host_access = pattern.host_access.then(|| match pattern.kind.as_str() {
            "ServiceAccount" => "Pods may run as these accounts, whatever rights they have".into(),
            kind @ ("Service" | "ConfigMap" | NAMESPACE) => {
                format!("what is in a {kind} is not judged")
            }
            kind => format!("Pods of {kind} may use the host and every Secret of their namespace"),
        });
        right_of(pattern, plugin).or(host_access).map(cluster_admin)
    };
    request.objects.iter().filter_map(judge).collect()
}

/// Judges a grant to read objects.
pub(super) fn read_objects(request: &Request) -> Vec<Danger> {
    let reads_secrets = request
        .objects
        .iter()
        .any(|pattern| pattern.kind == "Secret");
    let why = "Secrets hold the tokens of those who administer the cluster";
    reads_secrets
        .then(|| cluster_admin(why))
        .into_iter()
        .collect()
}
