//! Files that must not be there yet, and those that must.
use crate::{error_unless, is_worker, tell};
use kubephase_sdk::{
    Failure,
    codes::{self, Family},
    kubeadm::Config,
    observe_files,
};

const MANIFESTS: &str = "/etc/kubernetes/manifests";

pub fn files(config: &Config) -> Result<(), Failure> {
    if let Some(join) = &config.join {
        let authority = Some(join.ca_cert_path.as_str()).filter(|_| !join.control_plane);
        let paths = ["kubelet.conf", "bootstrap-kubelet.conf"]
            .map(|name| format!("/etc/kubernetes/{name}"));
        for path in paths.iter().map(String::as_str).chain(authority) {
            let wrong = error_unless(observe_files::stat(path)?.is_none(), || {
                format!("{path} already exists")
            });
            tell(
                &Family::FILE_AVAILABLE.of(path),
                wrong,
                &[("path", path.to_owned())],
                Some("this node is part of a cluster already, or was: see `reset`"),
            );
        }
    }
    if is_worker(config) {
        return Ok(());
    }
    for name in [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "etcd",
    ] {
        let path = format!("{MANIFESTS}/{name}.yaml");
        let wrong = error_unless(observe_files::stat(&path)?.is_none(), || {
            format!("{path} already exists")
        });
        tell(
            &Family::FILE_AVAILABLE.of(&path),
            wrong,
            &[("path", path.clone())],
            Some("this node is a control plane already, or was one: see `reset`"),
        );
    }
    if let Some(etcd) = &config.cluster.etcd.local {
        let path = etcd.data_dir.as_str();
        let empty = match observe_files::stat(path)? {
            None => true,
            Some(_) => observe_files::list_dir(path)?.is_empty(),
        };
        let wrong = error_unless(empty, || format!("{path} is not empty"));
        // Data of the etcd that this very manifest runs are not in the way of a run that goes on.
        let evidence = [
            ("path", path.to_owned()),
            ("path", format!("{MANIFESTS}/etcd.yaml")),
        ];
        tell(
            &Family::DIR_AVAILABLE.of(path),
            wrong,
            &evidence,
            Some("move the data of the earlier etcd away"),
        );
    }
    if let Some(etcd) = &config.cluster.etcd.external {
        for path in [&etcd.ca_file, &etcd.cert_file, &etcd.key_file]
            .into_iter()
            .filter(|path| !path.is_empty())
        {
            let wrong = error_unless(observe_files::stat(path)?.is_some(), || {
                format!("{path} doesn't exist")
            });
            tell(
                codes::EXTERNAL_ETCD_CLIENT_CERTIFICATES,
                wrong,
                &[("file", path.clone())],
                Some("put etcd's client certificates there"),
            );
        }
    }
    Ok(())
}
