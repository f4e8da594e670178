//! Names of the images of the control plane.
use kubephase_sdk::kubeadm::{ClusterConfiguration, Config};

/// The repository of release images.
pub const DEFAULT_REPOSITORY: &str = "registry.k8s.io";

/// Returns the image of a component that is released with Kubernetes. A CI build has a repository
/// of its own.
pub fn kubernetes<S>(config: &Config<S>, name: &str) -> String {
    let repository = config
        .run
        .ci_image_repository
        .as_ref()
        .unwrap_or(&config.cluster.image_repository);
    // A version may have build metadata (`+`), a tag must not.
    let tag: String = (config.cluster.kubernetes_version.chars())
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    format!("{repository}/{name}:{tag}")
}

/// Returns the image of CoreDNS. Only in the default repository is it one level deeper.
pub fn coredns(cluster: &ClusterConfiguration) -> String {
    let repository = first_given(&cluster.dns.image_repository, &cluster.image_repository);
    let nested = if repository == DEFAULT_REPOSITORY {
        "/coredns"
    } else {
        ""
    };
    format!(
        "{repository}{nested}/coredns:{}",
        first_given(&cluster.dns.image_tag, cluster.release().images.coredns)
    )
}

/// Returns the image of etcd.
pub fn etcd(cluster: &ClusterConfiguration) -> String {
    let local = cluster.etcd.local.as_ref();
    let repository = local.map_or("", |etcd| &etcd.image_repository);
    format!(
        "{}/etcd:{}",
        first_given(repository, &cluster.image_repository),
        etcd_tag(cluster)
    )
}

/// Returns the tag of etcd: the user's, or that of the cluster's release.
pub fn etcd_tag(cluster: &ClusterConfiguration) -> &str {
    let local = cluster.etcd.local.as_ref();
    let tag = local.map_or("", |etcd| &etcd.image_tag);
    first_given(tag, cluster.release().images.etcd)
}

/// Returns the image of the pause container.
pub fn pause(cluster: &ClusterConfiguration) -> String {
    let tag = cluster.release().images.pause;
    format!("{}/pause:{tag}", cluster.image_repository)
}

/// Returns all images that a control-plane node pulls, in kubeadm's order.
pub fn all<S>(config: &Config<S>) -> Vec<String> {
    let cluster = &config.cluster;
    let mut images: Vec<String> = [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]
    .map(|name| kubernetes(config, name))
    .into();
    if !cluster.proxy.disabled {
        images.push(kubernetes(config, "kube-proxy"));
    }
    if !cluster.dns.disabled {
        images.push(coredns(cluster));
    }
    images.push(pause(cluster));
    if cluster.etcd.local.is_some() {
        images.push(etcd(cluster));
    }
    images
}

/// Returns the value, or the default if the value is empty.
fn first_given<'a>(value: &'a str, default: &'a str) -> &'a str {
    if value.is_empty() { default } else { value }
}
