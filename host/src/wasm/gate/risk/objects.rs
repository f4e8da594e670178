//! The risk of grants to read and change objects of the cluster.
use super::{Danger, cluster_admin};
use crate::wasm::manifest::{ObjectPattern, Request};

/// API groups and kinds whose objects give no rights by themselves, where they are not those of the
/// cluster's own. Pods, and what makes Pods, are judged by what is in them.
const ORDINARY: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "ConfigMap",
            "Event",
            "LimitRange",
            "PersistentVolumeClaim",
            "ResourceQuota",
            "Service",
            "ServiceAccount",
        ],
    ),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("coordination.k8s.io", &["Lease"]),
    ("networking.k8s.io", &["Ingress", "NetworkPolicy"]),
    ("policy", &["PodDisruptionBudget"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
];
/// Kinds of objects that have Pods.
pub const WORKLOADS: &[&str] = &[
    "Pod",
    "PodTemplate",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
];
/// Names of the objects that the cluster's own addons and its API server have.
const OWN_NAMES: &[&str] = &["coredns", "kube-dns", "kube-proxy", "kubernetes"];

/// Returns what writing an object could do beyond its own Pods; none if it gives no rights.
fn right_of(pattern: &ObjectPattern) -> Option<String> {
    let group = pattern
        .api_version
        .split_once('/')
        .map_or("", |(group, _)| group);
    let kind = pattern.kind.as_str();
    let is_ordinary = WORKLOADS.contains(&kind)
        || ORDINARY
            .iter()
            .any(|(of, kinds)| *of == group && kinds.contains(&kind));
    if !is_ordinary {
        return Some(format!(
            "objects of the kind {kind} may give rights, or decide about others' objects"
        ));
    }
    let is_own = |name: &String| name.contains('*') || OWN_NAMES.contains(&name.as_str());
    let has_controllers = pattern
        .namespace
        .as_deref()
        .is_none_or(|namespace| namespace.starts_with("kube-") || namespace.contains('*'));
    let is_shared =
        has_controllers || (kind == "Service" && pattern.namespace.as_deref() == Some("default"));
    if is_shared
        && kind != "PriorityClass"
        && (pattern.names.is_empty() || pattern.names.iter().any(is_own))
    {
        return Some(format!(
            "every {kind} of that name may be one of the cluster's own"
        ));
    }
    (kind == "ServiceAccount" && has_controllers)
        .then(|| "controllers of the cluster have their accounts there".to_owned())
}

/// Judges a grant to write and delete objects.
pub(super) fn changed_objects(request: &Request) -> Vec<Danger> {
    let judge = |pattern: &ObjectPattern| {
        if let Some(why) = right_of(pattern) {
            return Some(cluster_admin(why));
        }
        let has_host_access = pattern.host_access && WORKLOADS.contains(&pattern.kind.as_str());
        has_host_access.then(|| {
            cluster_admin(format!(
                "Pods of {} may use the host and every Secret of their namespace",
                pattern.kind
            ))
        })
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
