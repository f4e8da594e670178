//! The authorities that the files of a machine trust, and the client certificates in them.
use crate::files;
use kubephase::pki::{Certificate, Kubeconfig};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The certificates that the authority of etcd signs, below the certificates directory, without
/// their extension.
pub const ETCD_CERTIFICATES: [&str; 4] = [
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
    "apiserver-etcd-client",
];

const KUBERNETES: &str = "etc/kubernetes";

/// Returns the authorities in the machine's `ca.crt`, in their order.
///
/// # Panics
/// If the file cannot be read.
pub fn authorities(tree: &Path) -> Vec<Certificate> {
    authorities_of(tree, "ca")
}

/// Returns the authorities in a file of the machine's certificates directory, in their order.
/// `base` is the path without the extension: `etcd/ca`.
///
/// # Panics
/// If the file cannot be read.
pub fn authorities_of(tree: &Path, base: &str) -> Vec<Certificate> {
    parse(&text(
        &tree.join(KUBERNETES).join(format!("pki/{base}.crt")),
    ))
}

/// Returns the kubeconfigs of the machine: the authorities that each trusts, and its client
/// certificate.
///
/// # Panics
/// If one of them cannot be read.
pub fn kubeconfigs(tree: &Path) -> BTreeMap<String, (Vec<Certificate>, Certificate)> {
    let entries = fs::read_dir(tree.join(KUBERNETES)).expect("the machine has kubeconfigs");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "conf"))
        .map(|path| {
            let name = files::name(&path);
            let kubeconfig = Kubeconfig::parse(&text(&path), &name);
            let kubeconfig = kubeconfig.expect("it is a kubeconfig");
            let (_, user) = kubeconfig.user().expect("it has a user");
            let read = |file: &str| Ok(fs::read(below(tree, file)).expect("the file is there"));
            let pem = kubeconfig.data(user, "client-certificate", &read);
            let pem = pem.expect("it can be read").expect("it has a certificate");
            let client = Certificate::from_pem(&String::from_utf8_lossy(&pem));
            let trusted = kubeconfig.authorities(&read).expect("it can be read");
            let trusted = parse(&trusted.expect("it has authorities"));
            (name, (trusted, client.expect("it is a certificate")))
        })
        .collect()
}

/// Returns a certificate of the machine's certificates directory.
///
/// # Panics
/// If it cannot be read.
pub fn certificate(tree: &Path, base: &str) -> Certificate {
    let path = tree.join(KUBERNETES).join(format!("pki/{base}.crt"));
    Certificate::from_pem(&text(&path)).expect("it is a certificate")
}

fn parse(pem: &str) -> Vec<Certificate> {
    let found = Certificate::parse_all(pem).expect("the certificates can be read");
    found.into_iter().map(Certificate::from_der).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("the file is there")
}

/// Returns the place in a tree of a path on its machine.
fn below(tree: &Path, path: &str) -> PathBuf {
    tree.join(path.trim_start_matches('/'))
}
