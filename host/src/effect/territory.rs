//! What of a node belongs to the host alone, by its configuration. A plugin reaches none of it with a file effect: what is
//! written there is a static Pod, a certificate or a kubeconfig, which are effects of their own.
pub use crate::world::files::Territory;
use crate::{
    config::{CERTIFICATES_DIR, KUBECONFIG_DIR},
    render::MANIFESTS,
    run::state,
};
use kubephase_sdk::kubeadm::Config;
use std::{env, path::absolute};

/// Directories of the host on every node.
const ALWAYS: &[&str] = &[
    state::DIRECTORY,
    "/etc/kubernetes/tmp",
    "/etc/kubernetes/patches",
    "/var/cache/kubephase",
    "/var/lib/etcd",
    // What the kubelet and the container runtime keep, credentials of Pods and registries among it.
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/crio",
    "/var/lib/containers",
    "/run/containerd",
    "/run/crio",
    "/var/run/containerd",
    "/var/run/crio",
];

impl Territory {
    /// The host's own files on the node of this configuration.
    pub fn of(config: &Config) -> Territory {
        let mut territory = Territory::default();
        ALWAYS.iter().for_each(|path| territory.add(path));
        let static_pods = config.kubelet.document["staticPodPath"].as_str().unwrap_or(MANIFESTS);
        let certificates = config.cluster.certificates_dir.as_str();
        [MANIFESTS, static_pods, CERTIFICATES_DIR, certificates].iter().for_each(|path| territory.add_linked_directory(path));
        [KUBECONFIG_DIR, &config.run.kubeconfig_dir].iter().for_each(|path| territory.add_kubeconfig_directory(path));
        if let Some(join) = &config.join {
            territory.add(&join.ca_cert_path);
        }
        if let Some(etcd) = &config.cluster.etcd.local {
            territory.add(&etcd.data_dir);
        }
        // The operator's own paths are relative to where the program was started.
        let cache = env::var_os("KUBEPHASE_CACHE_DIR").and_then(|path| absolute(path).ok());
        let patches = config.init.patches.as_ref().and_then(|patches| absolute(&patches.directory).ok());
        for path in [cache, patches].into_iter().flatten() {
            territory.add(&path.to_string_lossy());
        }
        territory
    }
}
