//! How the components of a control plane are restarted in a stage.
use crate::{Cluster, PROGRAM};
use harness::{kubephase, run, static_pods_and_waits};
use std::{fs, path::Path};

fn manifests(tree: &Path) -> [String; 4] {
    [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]
    .map(|name| {
        let path = tree.join(format!("etc/kubernetes/manifests/{name}.yaml"));
        fs::read_to_string(path).unwrap()
    })
}

fn wait(component: &str) -> String {
    format!("the new static Pod of {component} on control-plane-1")
}

/// The restart of each takes the kubelet 10 to 15 seconds at least, so those that do not depend on
/// each other are restarted together.
#[test]
fn components_restart_in_two_groups_and_all_are_ready_at_the_end() {
    let synced = "the kubelet of control-plane-1 to take over its static Pods".to_owned();
    let [etcd, api_server, manager, scheduler] = [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ];
    let cluster = Cluster::copied();
    let first = cluster.first();
    cluster.rotate(&first, "").expect_success();
    assert_eq!(
        static_pods_and_waits(&first, "trust/components"),
        [
            synced.clone(),
            api_server.to_owned(),
            wait(api_server),
            manager.to_owned(),
            scheduler.to_owned(),
            wait(manager),
            wait(scheduler),
            [api_server, manager, scheduler].map(wait).join(", "),
        ]
    );
    let cluster = Cluster::copied();
    let first = cluster.first();
    cluster.rotate(&first, "etcd-ca").expect_success();
    assert_eq!(
        static_pods_and_waits(&first, "trust/components"),
        [
            synced,
            etcd.to_owned(),
            api_server.to_owned(),
            wait(etcd),
            wait(api_server),
            "a healthy etcd".to_owned(),
            wait(api_server),
        ]
    );
}

/// What a component needs is not there any more: it ends as soon as it starts.
#[test]
fn components_go_back_together_if_one_does_not_come_up() {
    let cluster = Cluster::copied();
    let first = cluster.first();
    let before = manifests(&first);
    let folder = tempfile::tempdir().unwrap();
    let [node, timeouts] = ["node.yaml", "upgrade.yaml"].map(|name| folder.path().join(name));
    let broken = "hostname: control-plane-1\nruntime: {unknownFlags: \
                  [--cluster-signing-cert-file]}\n";
    fs::write(&node, broken).unwrap();
    let short = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\ntimeouts: \
                 {upgradeManifests: 2s, kubernetesAPICall: 1s}\n";
    fs::write(&timeouts, short).unwrap();
    let output = run(kubephase(PROGRAM)
        .args(["certs", "rotate-ca", "--config"])
        .arg(&timeouts)
        .arg("--node")
        .arg(&node)
        .arg("--root")
        .arg(&first));
    let text = output.printed();
    assert_eq!(output.status, 5, "{text}");
    for component in ["kube-apiserver", "kube-controller-manager"] {
        let line = format!("[rotate-ca] Putting the old manifest of {component} back");
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert!(text.contains("logs CONTAINERID"), "{text}");
    assert_eq!(manifests(&first), before, "{text}");
    // The same command goes on when the component works.
    cluster.rotate(&first, "").expect_success();
    assert_ne!(manifests(&first), before);
}
