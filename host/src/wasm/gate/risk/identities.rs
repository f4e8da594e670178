//! The risk of grants to have certificates, keys and kubeconfigs made.
use super::{Danger, cluster_admin, paths::is_own_or_harmless, root};
use crate::{
    config::CERTIFICATES_DIR,
    wasm::{gate::own::own_name, request::Request},
};

/// Whether a pattern of DNS names matches only names of Services in the plugin's own namespace. Any
/// other name or address may belong to the API server, a node or another server.
fn is_own_service(pattern: &str, plugin: &str) -> bool {
    let of_cluster = pattern
        .strip_suffix(".svc")
        .or_else(|| pattern.strip_suffix(".svc.cluster.local"));
    of_cluster
        .and_then(|name| name.rsplit_once('.'))
        .is_some_and(|(service, namespace)| !service.is_empty() && namespace == own_name(plugin))
}

/// Whether only the cluster or one program reads keys and certificates at this place. The host
/// itself refuses changes of its own files in the cluster's directory.
fn is_key_place(pattern: &str) -> bool {
    let in_cluster = pattern.strip_prefix(CERTIFICATES_DIR);
    is_own_or_harmless(pattern)
        || in_cluster.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether only one program reads kubeconfigs at this place. The API server reads kubeconfigs of
/// webhooks that decide about rights; they may be anywhere in `/etc`.
fn is_kubeconfig_place(pattern: &str) -> bool {
    is_own_or_harmless(pattern) && !pattern.starts_with("/etc/")
}

/// Judges a grant to have certificates and kubeconfigs made, as if the cluster's authority signed
/// all of them. The host never signs with the authority of etcd or the front proxy for a plugin,
/// and never signs another authority.
pub(super) fn identities(request: &Request, plugin: &str) -> Vec<Danger> {
    let own = own_name(plugin);
    let mut dangers = Vec::new();
    // Rights are given to names: a plugin would have the rights of the user of this name.
    for name in request.subjects.iter().filter(|name| **name != own) {
        dangers.push(cluster_admin(format!(
            "the API server may give rights to users that match {name}; only {own} is the plugin's \
             own"
        )));
    }
    for group in &request.groups {
        dangers.push(cluster_admin(format!(
            "the API server may give rights to groups that match {group}"
        )));
    }
    for name in request
        .names
        .iter()
        .filter(|name| !is_own_service(name, plugin))
    {
        dangers.push(cluster_admin(format!(
            "{name} may be a name of the API server, or of another server that the cluster \
             trusts; only Services of the namespace {own} are the plugin's own"
        )));
    }
    for authority in &request.authorities {
        if !is_key_place(authority) {
            dangers.push(cluster_admin(format!(
                "the cluster may trust certificates that {authority} signs"
            )));
        }
    }
    dangers.extend(key_files(request));
    dangers
}

/// Judges a grant to have files of keys, certificates and kubeconfigs made.
pub(super) fn key_files(request: &Request) -> Vec<Danger> {
    let kubeconfigs = request.paths.iter();
    let kubeconfigs = kubeconfigs.filter(|pattern| !is_kubeconfig_place(pattern));
    let keys = request.directories.iter();
    let keys = keys.filter(|pattern| !is_key_place(pattern));
    let files = kubeconfigs.chain(keys).map(|place| {
        root(format!(
            "files in {place} may decide which programs run as root, and which servers they ask"
        ))
    });
    files.collect()
}
