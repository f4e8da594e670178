//! The URLs at which the members of etcd listen. kubeadm writes them in an annotation of their
//! Pods.
use crate::world::{Cluster, Tried};
use kubephase_wit::{Failure, FailureCode};

/// The annotation in which kubeadm writes the client URLs of a member.
const ANNOTATION: &str = "/metadata/annotations/kubeadm.kubernetes.io~1etcd.advertise-client-urls";

/// Returns the URLs at which the members of the cluster's etcd listen for clients.
///
/// # Errors
/// `unavailable` (retryable) if the API does not answer, or no Pod of etcd has the annotation.
pub fn etcd_endpoints(cluster: &dyn Cluster) -> Tried<Vec<String>> {
    let pods = cluster.list(
        "v1",
        "Pod",
        Some("kube-system"),
        Some("component=etcd,tier=control-plane"),
    )?;
    let endpoints: Vec<String> = pods
        .iter()
        .filter_map(|pod| pod.pointer(ANNOTATION)?.as_str())
        .flat_map(|urls| urls.split(','))
        .map(str::to_owned)
        .collect();
    if endpoints.is_empty() {
        let message =
            "could not retrieve the list of etcd endpoints: no Pod of etcd says where it listens";
        return Err(Failure {
            retryable: true,
            ..Failure::new(FailureCode::Unavailable, message)
        });
    }
    Ok(endpoints)
}
