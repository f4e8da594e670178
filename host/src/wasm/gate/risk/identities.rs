//! The risk of grants to have certificates, keys and kubeconfigs made.
use super::{Danger, cluster_admin, objects::is_shared, paths::is_apart, root};
use crate::{config::CERTIFICATES_DIR, wasm::request::Request};

/// Returns whether a user or group has only rights that somebody gave to exactly this name. Names
/// with colons have rights in every cluster, and so have those that kubeadm gives
/// (`kubernetes-admin`); operators give rights to administrators.
pub(super) fn is_plain_identity(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    let lower = name.to_ascii_lowercase();
    name.bytes().all(is_plain)
        && !lower.starts_with("kube")
        && !["admin", "master", "root"]
            .iter()
            .any(|word| lower.contains(word))
}

/// Returns whether a pattern of DNS names matches only names of Services in a namespace of their
/// own. The API server, nodes and the cluster's own servers have no such names; any other name or
/// address may be one of theirs.
fn is_own_service(pattern: &str) -> bool {
    let of_cluster = pattern
        .strip_suffix(".svc")
        .or_else(|| pattern.strip_suffix(".svc.cluster.local"));
    let Some((service, namespace)) = of_cluster.and_then(|name| name.rsplit_once('.')) else {
        return false;
    };
    !service.is_empty()
        && !namespace.is_empty()
        && !namespace.contains('*')
        && !is_shared(Some(namespace))
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
pub(super) fn identities(request: &Request) -> Vec<Danger> {
    let mut dangers = Vec::new();
    for name in request.subjects.iter().chain(&request.groups) {
        if !is_plain_identity(name) {
            dangers.push(cluster_admin(format!(
                "the API server may give rights to users and groups that fit {name}"
            )));
        }
    }
    for name in request.names.iter().filter(|name| !is_own_service(name)) {
        dangers.push(cluster_admin(format!(
            "{name} may be a name of the API server, which everything in the cluster trusts"
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
