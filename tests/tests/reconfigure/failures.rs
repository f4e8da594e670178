//! A change with which a component does not come up: it is taken back.
use crate::{Cluster, IGNORED, all_text, expect_settled, manifests};
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
    let text = all_text(&output);
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
