//! Fields that cannot be changed in a running cluster.
use crate::{Cluster, manifests};

/// Changes of fields that cannot be changed.
const FIXED: [(&str, &str); 6] = [
    (
        "serviceSubnet: 172.30.0.0/16",
        "serviceSubnet: 172.31.0.0/16",
    ),
    (
        "podSubnet: 10.128.0.0/14",
        "dnsDomain: other.local\n  podSubnet: 10.132.0.0/14",
    ),
    (
        "clusterName: production",
        "clusterName: other\ncertificatesDir: /etc/pki",
    ),
    ("kubernetesVersion: v1.36.2", "kubernetesVersion: v1.36.1"),
    (
        "apiServer:\n",
        "etcd:\n  external: {endpoints: ['https://192.0.2.9:2379'], caFile: /a, certFile: /b, \
         keyFile: /c}\napiServer:\n",
    ),
    ("maxPods: 200", "cgroupDriver: cgroupfs"),
];

/// The reasons for which these changes are refused.
const REASONS: [(&str, &str); 9] = [
    ("networking.serviceSubnet", "Services have addresses of it"),
    (
        "networking.podSubnet",
        "nodes and Pods have addresses of it",
    ),
    (
        "networking.dnsDomain",
        "running Pods look names up below it",
    ),
    ("clusterName", "kubeconfigs have this name"),
    ("certificatesDir", "keys and certificates"),
    ("kubernetesVersion", "`upgrade apply VERSION` does"),
    ("etcd.external", "the data of the cluster is in this etcd"),
    (
        "controlPlaneEndpoint",
        "other machines reach the control plane by it",
    ),
    ("cgroupDriver", "drain a node"),
];

#[test]
fn all_fixed_fields_are_named_at_once_with_the_reason() {
    let cluster = Cluster::of_one();
    let before = manifests(&cluster.root());
    let without_endpoint = ("controlPlaneEndpoint: api.example.com:6443\n", "");
    cluster.write(&[&FIXED[..], &[without_endpoint]].concat());
    for output in [cluster.apply(""), cluster.diff("")] {
        let text = output.printed();
        assert_eq!(output.status, 3, "{text}");
        for (field, reason) in REASONS {
            let refusal = format!(" {field}: cannot be changed");
            let line = text
                .lines()
                .find(|line| line.contains("cluster.yaml") && line.contains(&refusal));
            assert!(
                line.is_some_and(|line| line.contains(reason)),
                "{field}: {text}"
            );
        }
    }
    assert_eq!(before, manifests(&cluster.root()));
}

#[test]
fn a_machine_keeps_its_name_and_its_address() {
    let cluster = Cluster::of_one();
    for (old, new, field) in [
        (
            "advertiseAddress: 192.0.2.2",
            "advertiseAddress: 192.0.2.77",
            "localAPIEndpoint.advertiseAddress",
        ),
        (
            "name: control-plane-1",
            "name: other",
            "nodeRegistration.name",
        ),
    ] {
        cluster.write(&[(old, new)]);
        let output = cluster.apply("");
        let text = output.printed();
        assert_eq!(output.status, 3, "{text}");
        assert!(
            text.contains(&format!("{field}: cannot be changed")),
            "{text}"
        );
    }
}

#[test]
fn fixed_fields_may_be_left_out() {
    let cluster = Cluster::of_one();
    cluster.write(&[
        ("  podSubnet: 10.128.0.0/14,fd00:128::/56\n", ""),
        ("  serviceSubnet: 172.30.0.0/16,fd00:30::/112\n", ""),
        ("networking:\n", ""),
        ("clusterName: production\n", ""),
        ("kubernetesVersion: v1.36.2\n", ""),
    ]);
    let output = cluster.diff("");
    assert_eq!(output.status, 0, "{}", output.printed());
}

#[test]
fn a_misspelt_field_is_refused() {
    let cluster = Cluster::of_one();
    cluster.write(&[("certSANs:", "certSans:")]);
    let output = cluster.apply("");
    assert_eq!(output.status, 3, "{}", output.printed());
    assert!(
        output
            .printed()
            .contains("unknown field \"apiServer.certSans\""),
        "{}",
        output.printed()
    );
}

#[test]
fn a_worker_changes_nothing_of_the_cluster() {
    let cluster = Cluster::of_three();
    let document = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    std::fs::write(cluster.path("cluster.yaml"), document).unwrap();
    let worker = cluster.machine("worker-1");
    let output = cluster.run(&worker, "apply --config cluster.yaml --yes");
    assert_eq!(output.status, 1, "{}", output.printed());
    assert!(
        output.printed().contains("this machine is a worker"),
        "{}",
        output.printed()
    );
}
