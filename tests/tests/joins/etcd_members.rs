//! Members of etcd: those of machines that are reset, and of machines that lost their data.
use crate::{PROGRAM, rehearse, write_config_with_endpoint};
use harness::{RehearsedCluster, RunOutput, kubephase, run};
use serde_json::Value;
use std::{fs, path::Path};

/// Returns the sorted names of members of etcd.
pub fn member_names(members: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = members
        .iter()
        .map(|member| member["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// Checks that every member of etcd has a vote.
pub fn expect_votes(members: &[Value]) {
    assert!(
        members.iter().all(|member| member["learner"] == false),
        "each has a vote: {members:?}"
    );
}

fn reset(root: &Path, arguments: &str) -> RunOutput {
    run(kubephase(PROGRAM)
        .args(["reset", "--force"])
        .args(arguments.split_whitespace())
        .arg("--root")
        .arg(root))
}

#[test]
fn a_control_plane_that_is_reset_leaves_etcd_and_may_join_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    write_config_with_endpoint(&root);
    assert_eq!(rehearse(&root, "--control-planes 3").status, 0);
    let before = RehearsedCluster::read(&root).members;
    let node = root.join("nodes/control-plane-2");
    let dry = reset(&node, "--dry-run");
    assert_eq!(dry.status, 0, "{}", dry.printed());
    assert_eq!(
        RehearsedCluster::read(&root).members,
        before,
        "a dry run changes nothing"
    );
    let output = reset(&node, "");
    assert_eq!(output.status, 0, "{}", output.printed());
    assert!(
        output
            .stdout
            .contains("[reset] Deleted contents of the etcd data directory: /var/lib/etcd"),
        "{}",
        output.stdout
    );
    assert_eq!(
        member_names(&RehearsedCluster::read(&root).members),
        ["control-plane-1", "control-plane-3"]
    );
    assert!(!node.join("etc/kubernetes/admin.conf").exists());
    let output = rehearse(&root, "--control-planes 3");
    assert_eq!(output.status, 0, "{}", output.printed());
    let members = RehearsedCluster::read(&root).members;
    assert_eq!(member_names(&members), member_names(&before));
    expect_votes(&members);
}

/// Such a machine may be one whose disk was erased.
#[test]
fn a_control_plane_that_lost_its_etcd_data_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    write_config_with_endpoint(&root);
    assert_eq!(rehearse(&root, "--control-planes 3").status, 0);
    let node = root.join("nodes/control-plane-3");
    fs::remove_dir_all(&node).unwrap();
    let output = rehearse(&root, "--control-planes 3");
    assert_eq!(output.status, 5, "{}", output.printed());
    for part in [
        "control-plane-3  failed in check-etcd",
        "etcd already has the member \"control-plane-3\" at https://",
        "member remove ",
    ] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
    for path in [
        "var/lib/kubelet/config.yaml",
        "etc/kubernetes/bootstrap-kubelet.conf",
        "etc/kubernetes/manifests/etcd.yaml",
    ] {
        assert!(!node.join(path).exists(), "{path}");
    }
}
