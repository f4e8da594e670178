//! `upgrade rollback`: a machine gets back the state before its last upgrade.
use crate::{COMPONENTS, Cluster, NEW, OLD, expect_mirrors, image, manifest, proxy_image};
use harness::{RunOutput, static_pods_and_waits};
use serde_json::Value;
use std::{fs, path::Path};

fn roll_back(cluster: &Cluster, tree: &Path, line: &str) -> RunOutput {
    cluster.upgrade(tree, &format!("rollback --yes {line}"))
}

/// Returns what an upgrade changes and a rollback puts back: the manifests except that of etcd, the
/// kubelet's configuration, and objects of the cluster.
fn state_of(cluster: &Cluster, tree: &Path) -> Vec<Value> {
    let kubelet = fs::read_to_string(tree.join("var/lib/kubelet/config.yaml")).unwrap();
    let state = cluster.state();
    let maps = ["kubeadm-config", "kubelet-config", "coredns", "kube-proxy"];
    let maps = maps.map(|name| state.objects("/configmaps")[name]["data"].clone());
    let manifests = COMPONENTS[1..].iter().map(|name| manifest(tree, name));
    manifests
        .chain([kubelet.into()])
        .chain(maps)
        .chain([
            state.objects("apps/deployments")["coredns"]["spec"].clone(),
            state.objects("apps/daemonsets")["kube-proxy"]["spec"].clone(),
        ])
        .collect()
}

fn expect_refusal(output: &RunOutput, expected: &str) {
    let text = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.status, 1, "{text}");
    assert!(text.contains(expected), "{expected}\n{text}");
}

#[test]
fn a_rollback_puts_files_and_objects_back() {
    let cluster = Cluster::of_one();
    let root = cluster.root();
    let before = state_of(&cluster, &root);
    cluster.apply("").expect_success();
    let etcd = manifest(&root, "etcd");
    assert!(before != state_of(&cluster, &root));
    // This run finds nothing to upgrade, so the rollback below undoes the run before it.
    cluster.apply("").expect_success();
    let output = roll_back(&cluster, &root, "").expect_success();
    for line in [
        "[upgrade/rollback] This machine goes back to where its last upgrade began: \"v1.35.4\"",
        "[upgrade/rollback] Putting the old manifest of kube-scheduler back",
        "[upgrade/rollback] etcd keeps its new version and its data",
        "[upgrade/rollback] SUCCESS! This machine is back where its last upgrade began",
    ] {
        assert!(output.contains(line), "{line}\n{output}");
    }
    let after = state_of(&cluster, &root);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    assert_eq!(manifest(&root, "etcd"), etcd, "etcd does not go back");
    expect_mirrors(&cluster, &root, "control-plane-1", "after the rollback");
    expect_refusal(
        &roll_back(&cluster, &root, ""),
        "the last upgrade of this machine was taken back already, by run ",
    );
    cluster.apply("").expect_success();
    assert!(image(&root, "kube-apiserver").ends_with(NEW));
}

/// A component is never newer than its API server, and no group waits for more than it needs.
#[test]
fn static_pods_go_back_in_two_groups_and_all_are_ready_at_the_end() {
    let cluster = Cluster::of_one();
    cluster.apply("").expect_success();
    roll_back(&cluster, &cluster.root(), "").expect_success();
    let wait = |component| format!("the new static Pod of {component} on control-plane-1");
    let [_, api_server, manager, scheduler] = COMPONENTS;
    assert_eq!(
        static_pods_and_waits(&cluster.root(), "control-plane"),
        [
            "the kubelet of control-plane-1 to take over its static Pods".to_owned(),
            scheduler.to_owned(),
            manager.to_owned(),
            wait(scheduler),
            wait(manager),
            api_server.to_owned(),
            wait(api_server),
            [scheduler, manager, api_server].map(wait).join(", "),
        ]
    );
}

/// The old version of a component does not come up any more.
#[test]
fn a_rollback_that_fails_leaves_the_newer_cluster() {
    let cluster = Cluster::of_one();
    cluster.apply("").expect_success();
    let newer = COMPONENTS.map(|component| manifest(&cluster.root(), component));
    for broken in ["kube-apiserver", "kube-scheduler"] {
        let node = format!(
            "hostname: control-plane-1\nruntime: {{brokenImages: \
             ['registry.k8s.io/{broken}:{OLD}']}}\n"
        );
        fs::write(cluster.path("node.yaml"), node).unwrap();
        let timeouts = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\ntimeouts: \
                        {upgradeManifests: 2s, kubernetesAPICall: 1s}\n";
        fs::write(cluster.path("upgrade.yaml"), timeouts).unwrap();
        let output = roll_back(
            &cluster,
            &cluster.root(),
            "--config upgrade.yaml --node node.yaml",
        );
        let text = output.printed();
        assert_eq!(output.status, 5, "{text}");
        let line = "[upgrade/rollback] Putting the newer manifest of kube-scheduler back";
        assert!(text.contains(line), "{text}");
        let now = COMPONENTS.map(|component| manifest(&cluster.root(), component));
        assert_eq!(now, newer, "{broken}: {text}");
        expect_mirrors(&cluster, &cluster.root(), "control-plane-1", &text);
    }
    roll_back(&cluster, &cluster.root(), "").expect_success();
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(OLD));
}

#[test]
fn a_dry_run_changes_nothing_and_a_rollback_removes_added_data() {
    let cluster = Cluster::of_one();
    let before = state_of(&cluster, &cluster.root());
    cluster.apply("").expect_success();
    let line = "rollback phase addons --dry-run";
    cluster.upgrade(&cluster.root(), line).expect_success();
    assert!(
        proxy_image(&cluster).ends_with(NEW),
        "a dry run changes nothing"
    );
    roll_back(&cluster, &cluster.root(), "").expect_success();
    assert_eq!(before, state_of(&cluster, &cluster.root()));
}

#[test]
fn the_machine_that_was_upgraded_last_goes_back_first() {
    let cluster = Cluster::of_three();
    let (first, second) = (cluster.root(), cluster.machine("control-plane-2"));
    let worker = cluster.machine("worker-1");
    let trees = [&first, &second];
    let before = trees.map(|tree| state_of(&cluster, tree));
    cluster.apply("").expect_success();
    cluster
        .upgrade(&second, "node --ignore-preflight-errors=all")
        .expect_success();
    cluster.upgrade(&worker, "node").expect_success();
    expect_refusal(
        &roll_back(&cluster, &first, ""),
        "other machines of the control plane are newer than v1.35.4, and go back first: \
         control-plane-2; run kubephase upgrade rollback on each",
    );
    assert!(image(&first, "kube-apiserver").ends_with(NEW));
    // `upgrade node` changed nothing on the worker: both releases configure its kubelet alike.
    expect_refusal(
        &roll_back(&cluster, &worker, ""),
        "no upgrade that changed this machine is recorded",
    );
    roll_back(&cluster, &second, "").expect_success();
    assert!(
        proxy_image(&cluster).ends_with(OLD),
        "the addons go back with the first rollback"
    );
    roll_back(&cluster, &first, "").expect_success();
    let after = trees.map(|tree| state_of(&cluster, tree));
    assert!(before == after, "{before:?}\n{after:?}");
}

#[test]
fn without_an_upgrade_or_its_backups_nothing_is_taken_back() {
    let cluster = Cluster::of_one();
    expect_refusal(
        &roll_back(&cluster, &cluster.root(), ""),
        "no upgrade that changed this machine is recorded in /var/lib/kubephase, so there is \
         nothing to take back",
    );
    cluster.apply("").expect_success();
    fs::remove_dir_all(cluster.root().join("etc/kubernetes/tmp")).unwrap();
    expect_refusal(
        &roll_back(&cluster, &cluster.root(), ""),
        "the last upgrade cannot be taken back: its backup /etc/kubernetes/tmp/",
    );
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(NEW));
}

/// A kubelet must not be newer than the API server.
#[test]
fn newer_kubelets_are_refused_unless_the_operator_insists() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let line = format!("--upgrade-to {NEW}");
    crate::rehearsed::rehearse(&root, OLD, &line).expect_success();
    // This cluster only gives the command a folder to run in; the machine in `root` is rolled back.
    let cluster = Cluster::of_one();
    expect_refusal(
        &roll_back(&cluster, &root, ""),
        "the kubelets of these nodes are newer than the API server would be after this: \
         control-plane-1; install the kubelet of v1.35.4 on each",
    );
    roll_back(&cluster, &root, "--force").expect_success();
    assert!(image(&root, "kube-apiserver").ends_with(OLD));
}

#[test]
fn an_answer_other_than_yes_leaves_everything_as_it_is() {
    let cluster = Cluster::of_one();
    cluster.apply("").expect_success();
    let output = cluster.upgrade(&cluster.root(), "rollback");
    assert_ne!(output.status, 0);
    let question = "[upgrade/rollback] Are you sure you want to proceed? [y/N]: ";
    assert!(output.stdout.contains(question), "{}", output.stdout);
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(NEW));
}
