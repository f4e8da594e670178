//! The risk of grants to have certificates, keys and kubeconfigs made.
use super::{Danger, cluster_admin, paths::is_apart, root};
use crate::{
    config::CERTIFICATES_DIR,
    wasm::{gate::own::own_name, request::Request},
};

/// Returns whether a pattern of DNS names matches only names of Services in the namespace that is
/// called like the plugin and no other. The API server, nodes and the servers of others have no
/// such names; any other name or address may be one of theirs.
fn is_own_service(pattern: &str, plugin: &str) -> bool {
    let of_cluster = pattern
        .strip_suffix(".svc")
        .or_else(|| pattern.strip_suffix(".svc.cluster.local"));
    of_cluster
        .and_then(|name| name.rsplit_once('.'))
        .is_some_and(|(service, namespace)| !service.is_empty() && namespace == own_name(plugin))
}

/// Whether a key or certificate is where only the cluster or one program looks. Of the files in the
/// cluster's directory the host refuses those that are its own.
fn is_key_place(pattern: &str) -> bool {
    let in_cluster = pattern.strip_prefix(CERTIFICATES_DIR);
    is_apart(pattern) || in_cluster.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a kubeconfig is where only one program looks. The API server goes by kubeconfigs that
/// its arguments name, of webhooks that decide who may do what, and may find those anywhere in
/// `/etc`.
fn is_kubeconfig_place(pattern: &str) -> bool {
    is_apart(pattern) && !pattern.starts_with("/etc/")
}

/// Judges a grant to have certificates and kubeconfigs made, as if the cluster's authority signed
/// all of them. The host never lets a plugin sign with the authority of etcd or the front proxy,
/// and never signs another authority.
pub(super) fn identities(request: &Request, plugin: &str) -> Vec<Danger> {
    let own = own_name(plugin);
    let mut dangers = Vec::new();
    // Rights are given to names: a plugin would have those of whoever is called like its user.
    for name in request.subjects.iter().filter(|name| **name != own) {
        dangers.push(cluster_admin(format!(
            "the API server may give rights to users that fit {name}; only {own} is the plugin's \
             own"
        )));
    }
    for group in &request.groups {
        dangers.push(cluster_admin(format!(
            "the API server may give rights to groups that fit {group}"
        )));
    }
    let others = request.names.iter();
    for name in others.filter(|name| !is_own_service(name, plugin)) {
        dangers.push(cluster_admin(format!(
            "{name} may be a name of the API server, or of a server that others in the cluster \
             trust; only Services of the namespace {own} are the plugin's own"
        )));
    }
    for authority in &request.authorities {
        if !is_key_place(authority) {
            dangers.push(cluster_admin(format!(
                "the cluster may trust what {authority} signs"
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
    let why = |place| {
        root(format!(
            "files in {place} may decide what runs as root and who it asks"
        ))
    };
    kubeconfigs.chain(keys).map(why).collect()
}
