//! `plan`: the phases of each workflow, and why some are left out.
use crate::{PROGRAM, example, rehearse, write_config};
use harness::{RunOutput, ServingRehearsal, kubephase, run};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Runs `plan init` of the single-node example.
fn plan(more: &[&str]) -> RunOutput {
    let (config, node) = (
        example("single-node/cluster.yaml"),
        example("single-node/node.yaml"),
    );
    run(kubephase(PROGRAM)
        .args(["plan", "init", "--config", &config, "--node", &node])
        .args(more))
}

#[test]
fn a_plan_shows_which_phases_are_left_out_and_why() {
    let text = plan(&["--skip-phases=addon/kube-proxy"]);
    assert!(
        text.status == 0 && text.stdout.contains("skipped by --skip-phases"),
        "{}",
        text.printed()
    );
    assert!(plan(&["-o", "dot"]).stdout.starts_with("digraph"));
    assert!(serde_json::from_str::<serde_json::Value>(&plan(&["-o", "json"]).stdout).is_ok());
    let wrong = plan(&["--skip-phases=addon/coredn"]);
    assert!(
        wrong.status == 2
            && wrong.stderr.contains("invalid phase name: addon/coredn")
            && wrong.stderr.contains("addon/coredns"),
        "{}",
        wrong.stderr
    );
}

/// Plans a workflow of a kept machine.
fn plan_of_machine(root: &Path, line: &str) -> RunOutput {
    run(kubephase(PROGRAM)
        .arg("plan")
        .args(line.split(' '))
        .arg("--root")
        .arg(root))
}

/// Adds every file below a directory, with its content.
fn collect(directory: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), files);
        } else {
            files.insert(entry.path(), fs::read(entry.path()).unwrap_or_default());
        }
    }
}

/// Returns every file below a directory, with its content.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(directory, &mut files);
    files
}

#[test]
fn the_plans_of_a_machine_in_a_cluster_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("machine"), write_config(folder.path()));
    assert_eq!(rehearse(&root, &config, &[]).status, 0);
    let before = contents(&root);
    for (line, phase) in [
        ("certs renew", "restart/kube-scheduler"),
        ("reset --force", "cleanup-node"),
        ("upgrade apply v1.36.2", "upload-config/kubeadm"),
        ("upgrade node", "kubelet-config"),
    ] {
        let output = plan_of_machine(&root, line);
        assert_eq!(output.status, 0, "{line}: {}", output.stderr);
        assert!(output.stdout.contains(phase), "{line}: {}", output.stdout);
    }
    assert!(before == contents(&root), "a plan changed the machine");
}

#[test]
fn a_join_is_planned_with_the_configuration_of_its_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("cluster"), write_config(folder.path()));
    let node = example("single-node/node.yaml");
    let _cluster = ServingRehearsal::start(
        kubephase(PROGRAM)
            .args(["rehearse", "--serve", "--config", &config, "--node", &node])
            .arg("--root")
            .arg(&root),
    );
    let kubeconfig = root.join("var/lib/kubephase/serve/admin.conf");
    let output = run(kubephase(PROGRAM)
        .args(["plan", "join", "--discovery-file"])
        .arg(kubeconfig));
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output
            .stdout
            .contains("disabled by this node being a worker"),
        "{}",
        output.stdout
    );
    assert!(
        !output.stdout.contains("[preflight]"),
        "no check runs: {}",
        output.stdout
    );
}
