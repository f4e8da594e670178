//! The risk of grants to read and change objects of the cluster.
use super::{Danger, cluster_admin};
use crate::wasm::{
    gate::content::{self, is_called_as},
    request::{ObjectPattern, Request},
};

/// Whether objects of a namespace may be the cluster's own, or decide about its own. No namespace
/// stands for all of them.
pub(super) fn is_shared(namespace: Option<&str>) -> bool {
    namespace.is_none_or(|namespace| namespace == "default" || namespace.starts_with("kube-"))
}

/// Whether a pattern fits only ConfigMaps that are called as the plugin.
fn are_own_config_maps(pattern: &ObjectPattern, plugin: &str) -> bool {
    let is_own = |name: &String| {
        !name.contains('*') && !name.starts_with("kube") && is_called_as(name, plugin)
    };
    pattern.kind == "ConfigMap" && !pattern.names.is_empty() && pattern.names.iter().all(is_own)
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
    if !is_shared(pattern.namespace.as_deref()) || are_own_config_maps(pattern, plugin) {
        return None;
    }
    let place = pattern.namespace.as_deref().unwrap_or("every namespace");
    Some(if kind == "ServiceAccount" {
        format!("Pods may run as these accounts of {place}, and controllers have theirs there")
    } else {
        format!("a {kind} of {place} may be the cluster's own, or decide about its own")
    })
}

/// Whether writing the objects of a pattern gives a plugin no power over anything else, as long as
/// what is in them is harmless.
pub fn is_harmless(pattern: &ObjectPattern, plugin: &str) -> bool {
    !pattern.host_access && right_of(pattern, plugin).is_none()
}

/// Judges a grant to write and delete objects.
pub(super) fn changed_objects(request: &Request, plugin: &str) -> Vec<Danger> {
    let judge = |pattern: &ObjectPattern| {
        let host_access = pattern.host_access.then(|| match pattern.kind.as_str() {
            "ServiceAccount" => "Pods may run as these accounts, whatever rights they have".into(),
            "Service" | "ConfigMap" => {
                format!("what is in a {} is not judged", pattern.kind)
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
