//! The Node authorizer: the rights of kubelets.
use super::{AccessRequest, User};

/// Whether a kubelet may do what a request asks: it may change its own Node, its leases and the
/// Pods that it runs, and read what it mounts.
pub(super) fn allows(user: &User, request: &AccessRequest) -> bool {
    let Some(name) = user
        .name
        .strip_prefix("system:node:")
        .filter(|_| user.is_in("system:nodes"))
    else {
        return false;
    };
    let verb = request.verb.as_str();
    let reads = matches!(verb, "get" | "list" | "watch");
    let writes = matches!(verb, "create" | "update" | "patch");
    match (request.group.as_str(), request.resource.as_str()) {
        ("", "nodes" | "nodes/status") => {
            verb == "create" || reads || (writes && request.name == name)
        }
        ("", "services" | "endpoints")
        | ("discovery.k8s.io", "endpointslices")
        | ("storage.k8s.io", "csidrivers") => reads,
        ("", "pods") => reads || matches!(verb, "create" | "delete"),
        ("", "pods/status" | "events") => writes,
        ("storage.k8s.io", "csinodes") => verb == "create" || request.name == name,
        ("coordination.k8s.io", "leases") => {
            request.namespace == "kube-node-lease" && (verb == "create" || request.name == name)
        }
        ("certificates.k8s.io", "certificatesigningrequests") => reads || verb == "create",
        _ => false,
    }
}
