//! Members of the control plane: the files and objects that a join leaves on them and in the
//! cluster.
use crate::{
    etcd_members::{expect_votes, member_names},
    rehearse, write_config_with_endpoint,
};
use harness::RehearsedCluster;
use std::{fs, path::Path};

#[test]
fn control_planes_join_with_a_member_of_etcd_each() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    write_config_with_endpoint(&root);
    let output = rehearse(&root, "--control-planes 3 --workers 2");
    assert_eq!(output.status, 0, "{}", output.printed());
    assert_eq!(
        output.stdout.matches(" joined in ").count(),
        4,
        "{}",
        output.stdout
    );
    let cluster = RehearsedCluster::read(&root);
    assert_eq!(
        member_names(&cluster.members),
        [1, 2, 3].map(|number| format!("control-plane-{number}"))
    );
    expect_votes(&cluster.members);
    expect_control_plane_labels(&cluster);
    for number in [2, 3] {
        expect_control_plane(&root, number);
    }
}

/// Checks which nodes are labelled as members of the control plane.
fn expect_control_plane_labels(cluster: &RehearsedCluster) {
    let nodes = cluster.objects("/nodes");
    for number in 1..=3 {
        let labels = &nodes[format!("control-plane-{number}").as_str()]["metadata"]["labels"];
        assert!(
            labels
                .get("node-role.kubernetes.io/control-plane")
                .is_some(),
            "{labels}"
        );
    }
    for worker in ["worker-1", "worker-2"] {
        assert!(
            nodes[worker]["metadata"]["labels"]
                .get("node-role.kubernetes.io/control-plane")
                .is_none()
        );
    }
}

/// Checks the files of the machine that joined the control plane as `control-plane-NUMBER`.
fn expect_control_plane(root: &Path, number: u32) {
    let node = root.join(format!("nodes/control-plane-{number}"));
    let read = |path: &str| {
        fs::read_to_string(node.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let etcd = read("etc/kubernetes/manifests/etcd.yaml");
    assert!(
        etcd.contains("--initial-cluster-state=existing")
            && etcd.contains("control-plane-1=https://192.0.2.2:2380"),
        "{etcd}"
    );
    let own = format!("https://198.19.0.{number}:6443");
    assert!(
        read("etc/kubernetes/kubelet.conf").contains(&own),
        "its kubelet talks to its own API server"
    );
    assert!(!node.join("etc/kubernetes/bootstrap-kubelet.conf").exists());
    for name in ["ca.key", "sa.key", "front-proxy-ca.key", "etcd/ca.key"] {
        assert_eq!(
            read(&format!("etc/kubernetes/pki/{name}")),
            fs::read_to_string(root.join("etc/kubernetes/pki").join(name)).unwrap()
        );
    }
}

/// Without an endpoint, all clients would talk to the first machine (kubeadm behaviour).
#[test]
fn a_cluster_without_an_endpoint_refuses_further_control_planes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let output = rehearse(&root, "--control-planes 2");
    assert_ne!(output.status, 0);
    assert!(
        output
            .stderr
            .contains("doesn't have a stable controlPlaneEndpoint address"),
        "{}",
        output.stderr
    );
    assert_eq!(RehearsedCluster::read(&root).members.len(), 1);
}

#[test]
fn a_control_plane_that_joined_joins_again_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    write_config_with_endpoint(&root);
    assert_eq!(rehearse(&root, "--control-planes 2").status, 0);
    let before = RehearsedCluster::read(&root).members;
    let output = rehearse(&root, "--control-planes 2");
    assert_eq!(output.status, 0, "{}", output.printed());
    assert_eq!(RehearsedCluster::read(&root).members, before);
    let journal = fs::read_to_string(
        root.join("nodes/control-plane-2/var/lib/kubephase/journal-000002.jsonl"),
    )
    .unwrap();
    let changed: Vec<&str> = journal
        .lines()
        .filter(|line| line.contains("{\"enacted\":\"changed\"}"))
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
}
