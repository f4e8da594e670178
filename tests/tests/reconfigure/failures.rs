//! A change with which a component does not come up: it is taken back.
use crate::{Cluster, IGNORED, expect_settled, manifests};
use std::fs;

#[test]
fn a_component_that_does_not_come_up_is_taken_back() {
    let cluster = Cluster::of_one();
    let before = manifests(&cluster.root());
    let stored = cluster.document("kubeadm-config", "ClusterConfiguration");
    let broken = "registry.example.com/kube-controller-manager:v1.36.2";
    fs::write(
        cluster.path("node.yaml"),
        format!("hostname: control-plane-1\nruntime: {{brokenImages: ['{broken}']}}\n"),
    )
    .unwrap();
    cluster.write(&[
        (
            "clusterName:",
            "imageRepository: registry.example.com\nclusterName:",
        ),
        (
            "nodeRegistration:",
            "timeouts: {upgradeManifests: 2s, etcdAPICall: 2s, kubernetesAPICall: 1s, \
             controlPlaneComponentHealthCheck: 2s}\nnodeRegistration:",
        ),
    ]);
    let output = cluster.apply("--node node.yaml");
    let text = output.printed();
    assert_eq!(output.status, 5, "{text}");
    for component in ["kube-controller-manager", "kube-apiserver"] {
        let line = format!("[apply/control-plane] Putting the old manifest of {component} back");
        assert!(text.contains(&line), "{text}");
    }
    let after = manifests(&cluster.root());
    for name in [
        "kube-apiserver.yaml",
        "kube-controller-manager.yaml",
        "kube-scheduler.yaml",
    ] {
        assert_eq!(before[name], after[name], "{text}");
    }
    assert_eq!(
        stored,
        cluster.document("kubeadm-config", "ClusterConfiguration"),
        "{text}"
    );
    let line = format!("apply --config cluster.yaml --yes {IGNORED}");
    cluster.run(&cluster.root(), &line).expect_success();
    expect_settled(&cluster, &text);
    let coredns = cluster.state().objects("apps/deployments")["coredns"].to_string();
    assert!(
        coredns.contains("registry.example.com/coredns"),
        "{coredns}"
    );
}

/// Times with which a failure does not take long.
const SHORT_TIMES: (&str, &str) = (
    "nodeRegistration:",
    "timeouts: {upgradeManifests: 2s, etcdAPICall: 2s, kubernetesAPICall: 1s, \
     controlPlaneComponentHealthCheck: 2s, kubeletHealthCheck: 2s}\nnodeRegistration:",
);

/// Describes the first machine: its components do not know a flag.
fn describe_machine(cluster: &Cluster) {
    let text = "hostname: control-plane-1\nruntime: {unknownFlags: [--no-such-flag]}\n";
    fs::write(cluster.path("node.yaml"), text).unwrap();
}

#[test]
fn a_flag_that_a_component_does_not_know_is_taken_back() {
    let argument = "- name: no-such-flag\n    value: \"1\"\n";
    for (component, (place, change)) in [
        (
            "kube-apiserver",
            (
                "  - name: audit-log-path",
                format!("  {argument}  - name: audit-log-path"),
            ),
        ),
        (
            "kube-scheduler",
            (
                "clusterName:",
                format!("scheduler:\n  extraArgs:\n  {argument}clusterName:"),
            ),
        ),
    ] {
        let cluster = Cluster::of_one();
        describe_machine(&cluster);
        let before = manifests(&cluster.root());
        let stored = cluster.document("kubeadm-config", "ClusterConfiguration");
        cluster.write(&[(place, &change), SHORT_TIMES]);
        let output = cluster.apply("--node node.yaml");
        let text = output.printed();
        assert_eq!(output.status, 5, "{text}");
        let line = format!("[apply/control-plane] Putting the old manifest of {component} back");
        assert!(text.contains(&line), "{text}");
        assert!(text.contains("crictl"), "which log to read: {text}");
        assert_eq!(before, manifests(&cluster.root()), "{text}");
        let after = cluster.document("kubeadm-config", "ClusterConfiguration");
        assert_eq!(stored, after, "{text}");
        // The cluster serves as before.
        cluster.write(&[]);
        expect_settled(&cluster, component);
    }
}

#[test]
fn a_configuration_that_the_kubelet_refuses_is_taken_back() {
    let cluster = Cluster::of_one();
    describe_machine(&cluster);
    let read = |name: &str| {
        fs::read_to_string(cluster.root().join(format!("var/lib/kubelet/{name}"))).unwrap()
    };
    let names = ["config.yaml", "kubeadm-flags.env"];
    let before = names.map(read);
    let stored = cluster.document("kubelet-config", "kubelet");
    for (change, file) in [
        (("maxPods: 200", "maxPods: -1"), "config.yaml"),
        (
            ("- name: node-labels\n", "- name: no-such-flag\n"),
            "kubeadm-flags.env",
        ),
    ] {
        cluster.write(&[change, SHORT_TIMES]);
        let output = cluster.apply("--node node.yaml");
        let text = output.printed();
        assert_eq!(output.status, 5, "{text}");
        let line =
            format!("[apply/kubelet-config] Putting the old \"/var/lib/kubelet/{file}\" back");
        assert!(text.contains(&line), "{text}");
        assert!(text.contains("journalctl -xeu kubelet"), "{text}");
        assert_eq!(before, names.map(read), "{text}");
        let after = cluster.document("kubelet-config", "kubelet");
        assert_eq!(stored, after, "{text}");
    }
    cluster.write(&[("maxPods: 200", "maxPods: 150")]);
    cluster.apply("").expect_success();
    assert!(read("config.yaml").contains("maxPods: 150"));
    expect_settled(&cluster, "afterwards");
}
