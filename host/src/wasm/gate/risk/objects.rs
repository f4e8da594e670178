//! The risk of grants to read and change objects of the cluster.
use super::{Danger, cluster_admin};
use crate::wasm::{
    gate::{content, own::is_own},
    request::{ObjectPattern, Request},
};

/// The kind of the objects that are namespaces.
pub const NAMESPACE: &str = "Namespace";

/// Whether objects of a namespace may belong to the cluster itself, or decide about such objects.
pub fn is_shared(namespace: &str) -> bool {
    namespace == "default" || namespace.starts_with("kube-")
}

/// Whether a pattern matches only objects with the plugin's own names.
fn has_own_names(pattern: &ObjectPattern, plugin: &str) -> bool {
    !pattern.names.is_empty() && pattern.names.iter().all(|name| is_own(name, plugin))
}

/// Whether all objects that a pattern matches are in the plugin's own namespaces, or have the
/// plugin's own names. When they are changed, they also have to carry the plugin's mark
/// ([`crate::effect::objects::owner`]).
fn are_own(pattern: &ObjectPattern, plugin: &str) -> bool {
    match (pattern.kind.as_str(), pattern.namespace.as_deref()) {
        // A namespace is not in a namespace, even if the pattern names one.
        (NAMESPACE, _) => has_own_names(pattern, plugin),
        (_, Some(namespace)) if is_own(namespace, plugin) => true,
        ("ConfigMap", namespace) if namespace.is_none_or(is_shared) => {
            has_own_names(pattern, plugin)
        }
        _ => false,
    }
}

/// Returns a sentence about what else is affected if objects that a pattern matches are written;
/// `None` if the host checks their content ([`content`]) and no other program depends on them.
fn effect_on_others(pattern: &ObjectPattern, plugin: &str) -> Option<String> {
    let ObjectPattern { kind, .. } = pattern;
    if content::shape_of(&pattern.api_version, kind).is_none() {
        return Some(format!(
            "objects of the kind {kind} ({}) may give rights, or decide about objects of others",
            pattern.api_version
        ));
    }
    if are_own(pattern, plugin) {
        return None;
    }
    let place = pattern.namespace.as_deref().unwrap_or("every namespace");
    Some(match kind.as_str() {
        NAMESPACE => "the objects in a namespace may belong to others".into(),
        "ServiceAccount" => {
            format!(
                "Pods may run as these accounts of {place}, and some may be those of controllers"
            )
        }
        _ => format!("a {kind} of {place} may belong to others, or decide about objects of others"),
    })
}

/// Whether writing the objects of a pattern affects only these objects, if their content is
/// harmless and existing objects carry the plugin's mark.
pub fn is_harmless(pattern: &ObjectPattern, plugin: &str) -> bool {
    !pattern.host_access && effect_on_others(pattern, plugin).is_none()
}

/// Judges a grant to write and delete objects.
pub(super) fn dangers_of_changed_objects(request: &Request, plugin: &str) -> Vec<Danger> {
    let dangers = request.objects.iter().filter_map(|pattern| {
        let host_access = pattern.host_access.then(|| match pattern.kind.as_str() {
            "ServiceAccount" => {
                "Pods may run as these accounts, with all rights of the accounts".into()
            }
            kind @ ("Service" | "ConfigMap" | NAMESPACE) => {
                format!("the content of a {kind} is not checked")
            }
            kind => format!("Pods of {kind} may use the host and every Secret of their namespace"),
        });
        effect_on_others(pattern, plugin)
            .or(host_access)
            .map(cluster_admin)
    });
    dangers.collect()
}

/// Judges a grant to read objects.
pub(super) fn read_objects(request: &Request) -> Vec<Danger> {
    let reads_secrets = request
        .objects
        .iter()
        .any(|pattern| pattern.kind == "Secret");
    let why = "Secrets hold the tokens of the cluster's administrators";
    reads_secrets
        .then(|| cluster_admin(why))
        .into_iter()
        .collect()
}
