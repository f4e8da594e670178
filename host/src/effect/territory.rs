//! The files of a node that belong to the host, as its configuration says, and the operator's own.
//! No file effect of a plugin reaches them: static Pods, certificates and kubeconfigs have effects
//! of their own.
mod named;

use super::{Effect, kind::HostUse};
pub use crate::world::files::Territory;
use crate::{
    config::{CERTIFICATES_DIR, Config, KUBECONFIG_DIR},
    render::MANIFESTS,
    world::{real::programs::SYSTEM, state_directory as state},
};
use std::{
    env,
    path::{Path, PathBuf, absolute},
};

/// Directories that belong to the host on every node.
const ALWAYS: &[&str] = &[
    state::DIRECTORY,
    "/etc/kubernetes/tmp",
    "/etc/kubernetes/patches",
    "/var/cache/kubephase",
    "/var/lib/etcd",
    // Data of the kubelet and the container runtimes, with credentials of Pods and registries.
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/crio",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/cri-dockerd",
    "/run/containerd",
    "/run/containers",
    "/run/crio",
    "/run/docker",
    "/var/run/containerd",
    "/var/run/containers",
    "/var/run/crio",
    "/var/run/docker",
    // Other distributions of Kubernetes.
    "/etc/rancher",
    "/var/lib/rancher",
    "/var/lib/k0s",
    "/var/snap/microk8s",
];

impl Territory {
    /// Returns the files that belong to the host on a node with this configuration.
    pub fn for_config(config: &Config) -> Territory {
        let mut territory = Territory::default();
        ALWAYS.iter().for_each(|path| territory.add(path));
        let static_pods = config.kubelet.document["staticPodPath"]
            .as_str()
            .unwrap_or(MANIFESTS);
        let certificates = config.cluster.certificates_dir.as_str();
        [MANIFESTS, static_pods, CERTIFICATES_DIR, certificates]
            .iter()
            .for_each(|path| territory.add_linked_directory(path));
        [KUBECONFIG_DIR, &config.run.kubeconfig_dir]
            .iter()
            .for_each(|path| territory.add_kubeconfig_directory(path));
        territory.add_named(config);
        // Paths of the operator are relative to the working directory.
        let cache = env::var_os("KUBEPHASE_CACHE_DIR").map(PathBuf::from);
        let patches = config
            .init
            .patches
            .as_ref()
            .map(|patches| PathBuf::from(&patches.directory));
        for path in [cache, patches].into_iter().flatten() {
            territory.add_of_operator(&path);
        }
        territory.add_programs();
        territory
    }

    /// Adds a file or directory of the operator that no plugin reads: a configuration may hold
    /// tokens.
    pub fn add_of_operator(&mut self, path: &Path) {
        if let Ok(path) = absolute(path) {
            self.add(&path.to_string_lossy());
        }
    }

    /// Adds a file of the operator that holds no secret.
    pub fn add_shown_of_operator(&mut self, path: &Path) {
        if let Ok(path) = absolute(path) {
            self.add_shown(&path.to_string_lossy());
        }
    }

    /// Adds this program and the directories in which the host looks for programs.
    fn add_programs(&mut self) {
        let path = env::var_os("PATH").unwrap_or_default();
        let directories = env::split_paths(&path).filter(|directory| directory.is_absolute());
        let system = SYSTEM.iter().map(PathBuf::from);
        for place in system.chain(directories).chain(env::current_exe()) {
            self.add_shown(&place.to_string_lossy());
        }
    }
}

/// Base names of the host's own keys and certificates in the certificates directory (kubeadm's).
const CERTIFICATES: &[&str] = &[
    "ca",
    "apiserver",
    "apiserver-kubelet-client",
    "apiserver-etcd-client",
    "front-proxy-ca",
    "front-proxy-client",
    "etcd/ca",
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
    "sa",
];

/// Returns why a plugin may not have an effect: the effect would change a file of the host, sign
/// with an authority that only the host signs with, or make a certificate that is valid for longer
/// than the cluster's. None if the effect does none of these; the grant is checked separately.
///
/// This check judges paths by their spelling, before any effect of the call is applied. When an
/// effect is applied, the confined view of the files ([`crate::world::files::Confined`]) judges
/// the files that it opens.
pub fn refusal(effect: &Effect, territory: &Territory, config: &Config) -> Option<String> {
    let host_uses = effect.properties().files.host_uses;
    host_uses
        .iter()
        .find_map(|used| refusal_of_use(used, territory, config))
}

fn refusal_of_use(used: &HostUse, territory: &Territory, config: &Config) -> Option<String> {
    let pki = config.cluster.certificates_dir.trim_end_matches('/');
    match used {
        HostUse::Changes(path) => territory
            .owns(path)
            .then(|| format!("{path} belongs to the host; no plugin changes it")),
        HostUse::Makes { directory, name } => {
            let path = base_path(directory, name);
            let is_own = CERTIFICATES
                .iter()
                .any(|own| path == format!("{pki}/{own}"));
            let is_elsewhere = !path.starts_with(&format!("{pki}/")) && territory.owns(&path);
            (is_own || is_elsewhere)
                .then(|| format!("{path} belongs to the host; no plugin makes it"))
        }
        HostUse::SignsWith { directory, name } => {
            let path = base_path(directory, name);
            let is_clusters = path == format!("{pki}/ca");
            // A client with a certificate of the external etcd's authority may read and write all
            // data of the cluster.
            let external = config.cluster.etcd.external.as_ref();
            let is_etcds = external.is_some_and(|etcd| etcd.ca_file == format!("{path}.crt"));
            (is_etcds || (!is_clusters && territory.owns(&path)))
                .then(|| format!("only the host signs with {path}"))
        }
        HostUse::IsValidFor {
            path,
            seconds,
            is_authority,
        } => refusal_of_validity(path, *seconds, *is_authority, config),
    }
}

/// Returns the path of a certificate without its ending.
fn base_path(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

/// Returns why a plugin's certificate may not be valid for so long; none if it is not valid for
/// longer than the certificates of the cluster's configuration.
fn refusal_of_validity(
    path: &str,
    seconds: i64,
    is_authority: bool,
    config: &Config,
) -> Option<String> {
    let (field, most) = if is_authority {
        (
            "caCertificateValidityPeriod",
            config.cluster.ca_certificate_validity_period,
        )
    } else {
        (
            "certificateValidityPeriod",
            config.cluster.certificate_validity_period,
        )
    };
    let most = most.unwrap_or_default();
    (seconds > most.as_secs()).then(|| {
        format!(
            "the certificate of {path} would be valid for {seconds} s, and {field} of \
            the cluster allows no more than {most}"
        )
    })
}

#[cfg(test)]
mod tests;
