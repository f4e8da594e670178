//! The cluster around the machine: an API server that does not answer, and objects that are gone.
use crate::Cluster;
use std::fs;

#[test]
fn what_needs_the_cluster_is_not_checked_without_it() {
    let cluster = Cluster::of_three();
    fs::remove_file(cluster.file("/etc/kubernetes/admin.conf")).unwrap();
    let examination = cluster.examine();
    assert_eq!(examination.status, 4);
    assert_eq!(examination.texts_of("APIServer").0, "fail");
    for code in ["ClusterAccess", "ClusterInfo", "EtcdHealth", "NodeReady"] {
        let (verdict, _, remedy) = examination.texts_of(code);
        assert_eq!(verdict, "could-not-run", "{code}");
        assert!(remedy.contains("APIServer"), "{remedy}");
    }
    // The rest is checked.
    assert_eq!(examination.texts_of("Certificate-apiserver").0, "pass");
    let manifest = "Drift--etc-kubernetes-manifests-etcd.yaml";
    assert_eq!(examination.texts_of(manifest).0, "pass");
}

#[test]
fn a_machine_of_no_cluster_is_examined_too() {
    let cluster = Cluster::none();
    let examination = cluster.examine();
    assert_eq!(examination.status, 4);
    let (verdict, summary, _) = examination.texts_of("APIServer");
    assert_eq!(verdict, "fail");
    assert!(summary.contains("kubelet.conf"), "{summary}");
}

#[test]
fn a_worker_is_examined_with_the_credentials_of_its_kubelet() {
    let cluster = Cluster::of_three();
    let examination = cluster.examine_at(&cluster.machine("worker-1"), "");
    assert_eq!(examination.texts_of("APIServer").0, "pass");
    assert_eq!(examination.texts_of("KubeadmConfig").0, "pass");
    assert_eq!(examination.texts_of("Certificate-kubelet.conf").0, "pass");
    let kubelet = "Drift--var-lib-kubelet-config.yaml";
    assert_eq!(examination.texts_of(kubelet).0, "pass");
}
