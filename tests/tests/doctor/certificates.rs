//! Certificates that are missing, expire, or are of another cluster.
use crate::Cluster;
use std::fs;

#[test]
fn a_certificate_that_ends_soon_is_a_warning() {
    let cluster = Cluster::of_three();
    let examination = cluster.examine_at(&cluster.root(), "--expiring-within 400");
    let (verdict, summary, remedy) = examination.texts_of("Certificate-apiserver");
    assert_eq!(
        (verdict, summary),
        ("warn", "it expires in 364 days"),
        "{remedy}"
    );
    assert!(remedy.contains("certs renew apiserver"), "{remedy}");
    assert_eq!(examination.texts_of("Certificate-ca").0, "pass");
    let examination = cluster.examine();
    let (verdict, summary, _) = examination.texts_of("Certificate-apiserver");
    assert_eq!((verdict, summary), ("pass", "364 days left"));
}

#[test]
fn files_of_another_cluster_are_found() {
    let (cluster, other) = (
        Cluster::of_three(),
        Cluster::rehearse("examples/single-node/cluster.yaml", &[]),
    );
    for path in [
        "/etc/kubernetes/pki/apiserver.crt",
        "/etc/kubernetes/pki/front-proxy-client.key",
        "/etc/kubernetes/scheduler.conf",
    ] {
        fs::copy(other.file(path), cluster.file(path)).unwrap();
    }
    fs::remove_file(cluster.file("/etc/kubernetes/pki/etcd/peer.key")).unwrap();
    let examination = cluster.examine();
    let (verdict, summary, remedy) = examination.texts_of("Certificate-front-proxy-client");
    assert_eq!(verdict, "fail");
    assert!(
        summary.ends_with("is not the key of its certificate"),
        "{summary}"
    );
    assert!(remedy.contains("backup"), "{remedy}");
    let (verdict, summary, _) = examination.texts_of("Certificate-apiserver");
    assert_eq!(verdict, "fail");
    assert!(
        summary.contains("is not the key of its certificate"),
        "{summary}"
    );
    let (verdict, summary, remedy) = examination.texts_of("Certificate-scheduler.conf");
    assert_eq!(verdict, "fail");
    assert!(summary.contains("trusts another authority"), "{summary}");
    assert!(remedy.contains("kube-public/cluster-info"), "{remedy}");
    let (verdict, summary, _) = examination.texts_of("Certificate-etcd-peer");
    assert_eq!(verdict, "fail");
    assert!(summary.ends_with("peer.key does not exist"), "{summary}");
    // With its key, only the signature is wrong.
    let key = "/etc/kubernetes/pki/apiserver.key";
    fs::copy(other.file(key), cluster.file(key)).unwrap();
    let examination = cluster.examine();
    let (verdict, summary, _) = examination.texts_of("Certificate-apiserver");
    assert_eq!(verdict, "fail");
    assert!(summary.contains("was not signed by"), "{summary}");
}

#[test]
fn a_certificate_from_the_future_shows_a_wrong_clock() {
    let cluster = Cluster::of_three();
    let path = cluster.file("/etc/kubernetes/pki/ca.crt");
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.not_before = rcgen::date_time_ymd(2200, 1, 1);
    params.not_after = rcgen::date_time_ymd(2300, 1, 1);
    fs::write(path, params.self_signed(&key).unwrap().pem()).unwrap();
    let examination = cluster.examine();
    let (verdict, summary, remedy) = examination.texts_of("Certificate-ca");
    assert_eq!(verdict, "fail");
    assert!(
        summary.contains("the clock of this machine says"),
        "{summary}"
    );
    assert!(remedy.contains("time server"), "{remedy}");
}
