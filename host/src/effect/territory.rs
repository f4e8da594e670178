//! Decides which files belong to the host, from the configuration of the cluster. The operator's
//! files are among them. No file effect of a plugin may change such a file. Effects that make
//! static Pods, certificates or kubeconfigs have further rules.
//!
//! The type [`Territory`] itself is in `world/files/territory`; this module makes one from a
//! configuration, and refuses effects of plugins that would change or misuse a file of the host.
mod named;

use super::{Effect, kind::HostUse};
pub use crate::world::files::Territory;
use crate::{
    config::{CERTIFICATES_DIR, Config, KUBECONFIG_DIR},
    render::{
        BACKUPS, MANIFESTS, kubelet,
        patches::{KUBELET, Patches},
    },
    world::{Files, real::programs::SYSTEM_PROGRAM_DIRECTORIES, state_directory as state},
};
use named::NamedFiles;
use serde_json::Value;
use std::{env, path::PathBuf};

/// Directories that no plugin may read or change on any node: directories of kubephase, etcd, the
/// kubelet, container runtimes, and other distributions of Kubernetes.
const HOST_DIRECTORIES: &[&str] = &[
    state::DIRECTORY,
    // The machine's own configuration, with what its plugins may do.
    "/etc/kubephase",
    BACKUPS,
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

/// Returns the files that belong to the host on a node with this configuration, to which the
/// operator's patches are applied.
pub fn territory_of(config: &Config, patches: &Patches) -> Territory {
    let mut territory = Territory::default();
    for path in HOST_DIRECTORIES {
        territory.add(path);
    }
    let kubelet = patched_kubelet(config, patches);
    let static_pods = kubelet["staticPodPath"].as_str().unwrap_or(MANIFESTS);
    let certificates = config.cluster.certificates_dir.as_str();
    // `certs renew` may use another directory than the cluster: both belong to the host.
    let of_cluster = config.renewal.iter();
    let of_cluster = of_cluster.map(|renewal| renewal.kept_certificates_dir.as_str());
    for path in [MANIFESTS, static_pods, CERTIFICATES_DIR, certificates]
        .into_iter()
        .chain(of_cluster.filter(|directory| !directory.is_empty()))
    {
        territory.add_linked_directory(path);
    }
    for path in [KUBECONFIG_DIR, &config.run.kubeconfig_dir] {
        territory.add_kubeconfig_directory(path);
    }
    let mut named = NamedFiles(&mut territory);
    named.add_all(config, patches);
    named.add_document(&kubelet);
    // A relative path from the operator starts at the working directory.
    let cache = env::var_os("KUBEPHASE_CACHE_DIR").map(PathBuf::from);
    let patches = config
        .init
        .patches
        .as_ref()
        .map(|patches| PathBuf::from(&patches.directory));
    for path in [cache, patches].into_iter().flatten() {
        territory.add_operator_file(&path);
    }
    add_programs(&mut territory);
    territory
}

/// Adds the files that the node's control plane and kubelet use now. Earlier runs may have written
/// their configuration with other patches or arguments.
pub fn add_files_in_use(territory: &mut Territory, config: &Config, files: &dyn Files) {
    NamedFiles(territory).add_in_use(config, files);
}

/// Returns the kubelet's configuration with the operator's patches. Patches that do not fit it end
/// the run where they are applied.
fn patched_kubelet(config: &Config, patches: &Patches) -> Value {
    let document = kubelet::document(config).0;
    let patched = patches.apply(KUBELET, document);
    patched.map_or_else(|_| kubelet::document(config).0, |(document, _)| document)
}

/// Adds this program and the directories in which the host looks for programs.
fn add_programs(territory: &mut Territory) {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories = env::split_paths(&path).filter(|directory| directory.is_absolute());
    let system = SYSTEM_PROGRAM_DIRECTORIES.iter().map(PathBuf::from);
    for place in system.chain(directories).chain(env::current_exe()) {
        territory.add_readable(&place.to_string_lossy());
    }
}

/// Base names of the keys and certificates that `init` makes, below the certificates directory
/// (kubeadm's names).
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

/// Endings of the files of a certificate: itself, its key, its request, and a public key.
const ENDINGS: [&str; 4] = ["crt", "key", "csr", "pub"];

/// Returns the reason to refuse an effect of a plugin, or `None`. Refuses an effect that changes a
/// file of the host, signs with an authority that is reserved for the host, or makes a certificate
/// that is valid for longer than the certificates of the cluster. The grant is checked elsewhere.
///
/// This check judges paths by their spelling, before any effect of the call is applied. When an
/// effect is applied, the confined view of the files ([`crate::world::files::Confined`]) judges
/// the files that it opens.
pub fn refusal_reason(effect: &Effect, territory: &Territory, config: &Config) -> Option<String> {
    let host_uses = effect.properties().files.host_uses;
    host_uses
        .iter()
        .find_map(|host_use| reason_against_use(host_use, territory, config))
}

fn reason_against_use(
    host_use: &HostUse,
    territory: &Territory,
    config: &Config,
) -> Option<String> {
    let pki = config.cluster.certificates_dir.trim_end_matches('/');
    match host_use {
        HostUse::Changes(path) => territory
            .owns(path)
            .then(|| format!("{path} belongs to the host; no plugin may change it")),
        HostUse::Makes { directory, name } => {
            let path = base_path(directory, name);
            let is_kubeadm_certificate = CERTIFICATES
                .iter()
                .any(|name| path == format!("{pki}/{name}"));
            // Below the certificates directory a plugin may add certificates of its own.
            let belongs_to_host_elsewhere =
                !path.starts_with(&format!("{pki}/")) && owns_any_file(territory, &path);
            (is_kubeadm_certificate || belongs_to_host_elsewhere)
                .then(|| format!("{path} belongs to the host; no plugin may make it"))
        }
        HostUse::SignsWith { directory, name } => {
            let path = base_path(directory, name);
            // A plugin may sign with the cluster's own authority, if its grant says so, and with
            // authorities outside of the territory.
            let is_cluster_authority = path == format!("{pki}/ca");
            // A client with a certificate of the external etcd's authority may read and write all
            // data of the cluster. The cluster's own authority may be this authority too.
            let external = config.cluster.etcd.external.as_ref();
            let is_etcd_authority =
                external.is_some_and(|etcd| etcd.ca_file == format!("{path}.crt"));
            (is_etcd_authority || (!is_cluster_authority && owns_any_file(territory, &path)))
                .then(|| format!("only the host may sign with {path}"))
        }
        HostUse::IsValidFor {
            path,
            seconds,
            is_authority,
        } => reason_against_validity(path, *seconds, *is_authority, config),
    }
}

/// Whether one of the files of a certificate belongs to the host. `base` is their path without an
/// ending; the territory may have a single file, with its ending.
fn owns_any_file(territory: &Territory, base: &str) -> bool {
    let mut files = ENDINGS.iter().map(|ending| format!("{base}.{ending}"));
    territory.owns(base) || files.any(|file| territory.owns(&file))
}

/// Returns the path of a certificate without its ending.
fn base_path(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

/// Returns the reason to refuse the validity of a plugin's certificate, or `None` if it does not
/// exceed the period in the cluster's configuration.
fn reason_against_validity(
    path: &str,
    seconds: i64,
    is_authority: bool,
    config: &Config,
) -> Option<String> {
    let (field, maximum) = if is_authority {
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
    // Loading the configuration sets both periods (`config::defaults::complete_cluster`).
    let maximum = maximum.unwrap_or_default();
    (seconds > maximum.as_secs()).then(|| {
        format!(
            "the certificate at {path} would be valid for {seconds} s; {field} of the cluster \
             allows at most {maximum} ({} s)",
            maximum.as_secs()
        )
    })
}

#[cfg(test)]
mod tests;
