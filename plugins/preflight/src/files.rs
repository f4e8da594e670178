//! Files that must not exist yet, and files that must.
use crate::{error_unless, report_check};
use kubephase_sdk::{
    Failure, Verdict,
    codes::{self, Family},
    kubeadm::{Config, ExternalEtcd, Join, LocalEtcd},
    observe_files,
};

const MANIFESTS: &str = "/etc/kubernetes/manifests";

/// Checks that directories and files of an earlier cluster do not exist, and that files that the
/// configuration names exist.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_files(config: &Config) -> Result<(), Failure> {
    if let Some(join) = &config.join {
        check_join_files(join);
    }
    if config.is_worker() {
        return Ok(());
    }
    for name in [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "etcd",
    ] {
        check_absent(
            &format!("{MANIFESTS}/{name}.yaml"),
            "this node is a control plane already, or was one: see `reset`",
        );
    }
    if let Some(etcd) = &config.cluster.etcd.local {
        check_etcd_data(etcd);
    }
    // With a certificate key, the join itself brings these files.
    let brings_files = config.join.is_some() && !config.init.certificate_key.is_empty();
    if let Some(etcd) = &config.cluster.etcd.external
        && !brings_files
    {
        check_etcd_credentials(etcd);
    }
    Ok(())
}

/// Files that a joining node writes.
fn check_join_files(join: &Join) {
    let authority =
        Some(join.ca_cert_path.as_str()).filter(|path| !join.control_plane && !path.is_empty());
    for path in [
        "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/bootstrap-kubelet.conf",
    ]
    .into_iter()
    .chain(authority)
    {
        check_absent(
            path,
            "this node is part of a cluster already, or was: see `reset`",
        );
    }
}

fn check_absent(path: &str, remedy: &str) {
    let problem = match observe_files::stat(path) {
        Ok(found) => error_unless(found.is_none(), || format!("{path} already exists")),
        // A path that cannot be looked at, such as a link to itself, counts as free (kubeadm
        // behaviour).
        Err(failure) => Some((Verdict::CouldNotRun, failure.message)),
    };
    report_check(
        &Family::FILE_AVAILABLE.code_for(path),
        problem,
        &[("path", path.to_owned())],
        Some(remedy),
    );
}

/// Checks that the data directory of etcd is empty, or does not exist.
fn check_etcd_data(etcd: &LocalEtcd) {
    let path = etcd.data_dir.as_str();
    let problem = match is_empty(path) {
        Ok(is_empty) => error_unless(is_empty, || format!("{path} is not empty")),
        Err(failure) => Some((
            Verdict::Fail,
            format!("unable to check if {path} is empty: {}", failure.message),
        )),
    };
    // If an earlier run made this manifest, the data belong to the etcd of that manifest, and the
    // host accepts them.
    let evidence = [
        ("path", path.to_owned()),
        ("path", format!("{MANIFESTS}/etcd.yaml")),
    ];
    report_check(
        &Family::DIR_AVAILABLE.code_for(path),
        problem,
        &evidence,
        Some("move the data of the earlier etcd away"),
    );
}

/// Whether a directory is empty or missing. Anything at the path that is not a directory counts as
/// content (kubeadm behaviour).
fn is_empty(path: &str) -> Result<bool, Failure> {
    match observe_files::stat(path)? {
        None => Ok(true),
        Some(meta) if meta.kind == "directory" => Ok(observe_files::list_dir(path)?.is_empty()),
        Some(_) => Ok(false),
    }
}

/// Checks that the certificates and keys for an external etcd exist.
fn check_etcd_credentials(etcd: &ExternalEtcd) {
    for path in [&etcd.ca_file, &etcd.cert_file, &etcd.key_file]
        .into_iter()
        .filter(|path| !path.is_empty())
    {
        // A path that cannot be looked at counts as missing (kubeadm behaviour).
        let is_there = observe_files::stat(path).is_ok_and(|found| found.is_some());
        let problem = error_unless(is_there, || format!("{path} doesn't exist"));
        report_check(
            codes::EXTERNAL_ETCD_CLIENT_CERTIFICATES,
            problem,
            &[("file", path.clone())],
            Some("put etcd's client certificates there"),
        );
    }
}
