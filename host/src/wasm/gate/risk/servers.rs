//! The risk of grants to ask HTTP servers.
use super::{Danger, cluster_admin, root};
use crate::wasm::{gate::pattern::matches, manifest::Request};

/// Judges a grant to ask HTTP servers: a server that answers only this machine may give away what
/// the machine may do.
pub(super) fn asked_servers(request: &Request) -> Vec<Danger> {
    let is_of_machine = |host: &&String| {
        matches!(host.split(':').next(), Some("*" | "**"))
            || ["169.254.", "[fe80:", "[fd00:ec2:", "metadata."]
                .iter()
                .any(|start| host.starts_with(start))
    };
    let hosts = request.hosts.iter().filter(is_of_machine);
    hosts
        .map(|host| {
            root(format!(
                "{host} may be the cloud's metadata server, which gives the machine's own \
                 credentials to programs on it"
            ))
        })
        .collect()
}

/// Whether a pattern matches a directory, a path below it, or a directory above it.
pub(super) fn reaches(pattern: &str, directory: &str) -> bool {
    let mut place = directory.split('/');
    for component in pattern.trim_end_matches('/').split('/') {
        if component == "**" {
            return true;
        }
        match place.next() {
            None => return true,
            Some(name) if component == name || matches(component, name) => {}
            Some(_) => return false,
        }
    }
    true
}

/// Judges a grant to ask HTTP servers with certificates of the node.
pub(super) fn node_identity(request: &Request) -> Vec<Danger> {
    let paths = request.paths.iter().filter(|pattern| {
        reaches(pattern, "/etc/kubernetes") || reaches(pattern, "/var/lib/kubelet")
    });
    paths
        .map(|path| {
            cluster_admin(format!(
                "who shows {path} to a server is known there as the node or the API server"
            ))
        })
        .collect()
}
