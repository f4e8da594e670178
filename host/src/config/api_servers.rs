//! The API servers that run in a cluster.
use super::JoinConfiguration;
use crate::{render::static_pod, world::Cluster};
use kubephase_sdk::{image, release::major_and_minor};
use serde_json::Value;

/// Returns the versions of the API servers in the cluster, the oldest first. A bootstrap token may
/// not list Pods, so only a node that joins with other credentials asks.
pub fn versions(join: &JoinConfiguration, cluster: &dyn Cluster) -> Vec<String> {
    if !join.discovery.tls_bootstrap_token.is_empty() {
        return Vec::new();
    }
    let selector = Some("component=kube-apiserver,tier=control-plane");
    let pods = cluster.list("v1", "Pod", Some("kube-system"), selector);
    versions_of(&pods.unwrap_or_default())
}

/// Returns the versions in the images of Pods, the oldest first.
fn versions_of(pods: &[Value]) -> Vec<String> {
    let mut versions: Vec<String> = pods
        .iter()
        .filter_map(|pod| {
            let tag = image::tag(static_pod::image(pod, "kube-apiserver")?)?;
            major_and_minor(tag).map(|_| tag.to_owned())
        })
        .collect();
    versions.sort_by_key(|version| major_and_minor(version));
    versions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn versions_are_the_tags_of_images() {
        let pods = [
            "registry.example:5000/kube-apiserver:v1.36.2",
            "registry.k8s.io/kube-apiserver:v1.35.4@sha256:0a",
            "registry.example:5000/kube-apiserver",
            "kube-apiserver:own",
        ]
        .map(|image| {
            let own = json!({ "name": "kube-apiserver", "image": image });
            let other = json!({ "name": "other", "image": "other:v1.30.0" });
            json!({ "spec": { "containers": [other, own] } })
        });
        assert_eq!(super::versions_of(&pods), ["v1.35.4", "v1.36.2"]);
        assert!(super::versions_of(&[json!({})]).is_empty());
    }
}
