//! `rehearse --upgrade-to VERSION`: a whole cluster is made and upgraded in one command.
use crate::{COMPONENTS, IGNORED, NEW, OLD, PROGRAM, backups, image};
use harness::{RehearsedCluster, RunOutput, kubephase, run, workspace};
use std::{fs, path::Path};

/// Rehearses a cluster of this version in a tree, and its upgrade.
pub fn rehearse(root: &Path, from: &str, line: &str) -> RunOutput {
    let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
    let config = root.with_extension("yaml");
    fs::write(&config, text.replace(NEW, from)).unwrap();
    run(kubephase(PROGRAM)
        .arg("rehearse")
        .args(line.split_whitespace())
        .arg("--config")
        .arg(config)
        .arg("--root")
        .arg(root))
}

#[test]
fn all_machines_of_a_rehearsed_cluster_are_upgraded_with_their_kubelets() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let line = format!("--control-planes 3 --workers 2 --upgrade-to {NEW}");
    let output = rehearse(&root, OLD, &line).expect_success();
    assert_eq!(output.matches(" joined in ").count(), 4, "{output}");
    let title = format!("Machines that were upgraded to {NEW}, with their kubelets\n");
    let upgraded = output.split_once(&title).expect(&output).1;
    assert_eq!(upgraded.matches(" upgraded in ").count(), 5, "{output}");
    for line in [
        "upgrade-apply: done in ",
        "[upgrade] SUCCESS! A control plane node of your cluster was upgraded to \"v1.36.2\".",
    ] {
        assert!(output.contains(line), "{line}\n{output}");
    }
    let cluster = RehearsedCluster::read(&root);
    let (nodes, pods) = (cluster.objects("/nodes"), cluster.objects("/pods"));
    assert_eq!(nodes.len(), 5);
    for (name, node) in &nodes {
        let info = &node["status"]["nodeInfo"];
        assert_eq!(info["kubeletVersion"], NEW, "{name}");
    }
    for number in 1..=3 {
        let tree = match number {
            1 => root.clone(),
            _ => root.join(format!("nodes/control-plane-{number}")),
        };
        for component in &COMPONENTS[1..] {
            let pod = pods[format!("{component}-control-plane-{number}").as_str()];
            let shown = &pod["spec"]["containers"][0]["image"];
            assert_eq!(*shown, image(&tree, component).as_str());
            assert!(image(&tree, component).ends_with(NEW), "{component}");
        }
    }
    assert_eq!(cluster.members.len(), 3, "each member of etcd is there");
    let worker = root.join("nodes/worker-2");
    assert_eq!(backups(&worker, "kubeadm-kubelet-config-").len(), 1);
    expect_report_of_upgrade(&root);
}

/// A tree stays after a rehearsal. The next rehearsal goes on where that one ended.
#[test]
fn a_tree_whose_upgrade_has_begun_is_not_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let machines = "--control-planes 2 --workers 1";
    rehearse(&root, OLD, machines).expect_success();
    // Only the first machine is upgraded.
    run(kubephase(PROGRAM)
        .args(["upgrade", "apply", NEW, "--yes", IGNORED, "--root"])
        .arg(&root))
    .expect_success();
    let second = root.join("nodes/control-plane-2");
    assert!(image(&second, "kube-apiserver").ends_with(OLD));
    let line = format!("{machines} --upgrade-to {NEW}");
    for _ in 0..2 {
        let output = rehearse(&root, OLD, &line);
        assert!(
            output.stderr.contains("has v1.36.2 already"),
            "{}",
            output.stderr
        );
        let text = output.expect_success();
        assert!(!text.contains(OLD), "{text}");
        for tree in [&root, &second] {
            for component in &COMPONENTS[1..] {
                assert!(image(tree, component).ends_with(NEW), "{component}");
            }
        }
    }
}

/// Checks that the newest run of a tree is an upgrade.
fn expect_report_of_upgrade(root: &Path) {
    let report = run(kubephase(PROGRAM)
        .args(["report", "--timeline", "--root"])
        .arg(root));
    assert!(
        report.expect_success().contains("upgrade-apply"),
        "the newest run of the first machine"
    );
}

#[test]
fn an_upgrade_over_two_minors_is_refused_after_the_cluster_stands() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let output = rehearse(&root, "v1.34.0", &format!("--upgrade-to {NEW}"));
    let text = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.status, 1, "{text}");
    for expected in [
        "init: done in ",
        "The scratch root is kept at ",
        "Specified version to upgrade to \"v1.36.2\" is too high; kubeadm can upgrade only 1 \
         minor version at a time",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(image(&root, "kube-apiserver").ends_with("v1.34.0"));
}

#[test]
fn a_machine_that_does_not_join_leaves_the_cluster_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let line = format!("--workers 1 --upgrade-to {NEW}");
    fs::create_dir_all(root.join("nodes/worker-1/etc/kubernetes/pki")).unwrap();
    fs::write(root.join("nodes/worker-1/etc/kubernetes/pki/ca.crt"), "x").unwrap();
    let output = rehearse(&root, OLD, &line);
    assert_ne!(output.status, 0, "{}{}", output.stdout, output.stderr);
    assert!(!output.stdout.contains("[upgrade"), "{}", output.stdout);
    assert!(image(&root, "kube-apiserver").ends_with(OLD));
}
