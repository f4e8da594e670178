//! The URLs at which the members of etcd listen. kubeadm writes them in an annotation of their
//! Pods.
use crate::world::{Cluster, WorldResult};
use kubephase_wit::{Failure, FailureCode};
use serde_json::Value;

/// The annotation in which kubeadm writes the client URLs of a member.
const ANNOTATION: &str = "/metadata/annotations/kubeadm.kubernetes.io~1etcd.advertise-client-urls";

/// A Pod of etcd that says where its member listens.
pub struct EtcdPod {
    /// name of the Pod
    pub name: String,
    pub client_urls: Vec<String>,
}

/// Returns the Pods of etcd that say where their members listen.
///
/// # Errors
/// `unavailable` (retryable) if the API does not answer.
pub fn etcd_pods(cluster: &dyn Cluster) -> WorldResult<Vec<EtcdPod>> {
    let pods = cluster.list(
        "v1",
        "Pod",
        Some("kube-system"),
        Some("component=etcd,tier=control-plane"),
    )?;
    let pods = pods.iter().filter_map(|pod| {
        let urls = pod.pointer(ANNOTATION)?.as_str()?;
        let name = pod.pointer("/metadata/name").and_then(Value::as_str);
        Some(EtcdPod {
            name: name.unwrap_or_default().to_owned(),
            client_urls: urls.split(',').map(str::to_owned).collect(),
        })
    });
    Ok(pods.collect())
}

/// Returns the URLs at which the members of the cluster's etcd listen for clients.
///
/// # Errors
/// `unavailable` (retryable) if the API does not answer, or no Pod of etcd has the annotation.
pub fn etcd_endpoints(cluster: &dyn Cluster) -> WorldResult<Vec<String>> {
    let endpoints: Vec<String> = etcd_pods(cluster)?
        .into_iter()
        .flat_map(|pod| pod.client_urls)
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
