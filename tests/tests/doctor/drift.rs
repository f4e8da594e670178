//! Files that are not as the last run left them.
use crate::Cluster;
use std::{fs, os::unix::fs::PermissionsExt};

const API_SERVER: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";
const CODE: &str = "Drift--etc-kubernetes-manifests-kube-apiserver.yaml";

#[test]
fn nothing_has_changed_after_a_run() {
    let cluster = Cluster::of_three();
    let examination = cluster.examine();
    assert_eq!(examination.problems(), Vec::<&str>::new());
    let (verdict, summary, _) = examination.texts_of(CODE);
    assert_eq!((verdict, summary), ("pass", "as init (run 1) left it"));
    assert_eq!(examination.evidence(CODE, "effect"), "static-pod");
    let worker = cluster.examine_at(&cluster.machine("worker-1"), "");
    assert_eq!(worker.problems(), Vec::<&str>::new());
    assert_eq!(worker.status, 4);
}

#[test]
fn a_changed_flag_is_named_without_its_value() {
    let cluster = Cluster::of_three();
    cluster.edit(
        API_SERVER,
        "--service-cluster-ip-range=",
        "--profiling=secret-value\n    - --service-cluster-ip-range=",
    );
    let examination = cluster.examine();
    assert_eq!(examination.problems(), [CODE]);
    let (verdict, summary, remedy) = examination.texts_of(CODE);
    assert_eq!(verdict, "warn");
    assert_eq!(
        summary,
        "/etc/kubernetes/manifests/kube-apiserver.yaml is not as init (run 1) left it: its \
         content or owner is another one"
    );
    let places = examination.evidence(CODE, "differs from the cluster's configuration");
    assert_eq!(places, "--profiling");
    assert!(remedy.contains("apply"), "{remedy}");
    let applied = cluster.run(
        &cluster.root(),
        "apply --yes --ignore-preflight-errors=ControlPlaneNodesReady",
    );
    applied.expect_success();
    assert_eq!(cluster.examine().problems(), Vec::<&str>::new());
}

#[test]
fn a_changed_mode_and_a_missing_file_are_told_apart() {
    let cluster = Cluster::of_three();
    let flags = "/var/lib/kubelet/kubeadm-flags.env";
    let open = fs::Permissions::from_mode(0o666);
    fs::set_permissions(cluster.file(flags), open).unwrap();
    fs::remove_file(cluster.file("/etc/kubernetes/manifests/kube-scheduler.yaml")).unwrap();
    let examination = cluster.examine();
    let (verdict, summary, remedy) =
        examination.texts_of("Drift--var-lib-kubelet-kubeadm-flags.env");
    assert_eq!(verdict, "warn");
    assert!(
        summary.ends_with("its mode is 0666 instead of 0644"),
        "{summary}"
    );
    assert!(remedy.contains("init --config FILE"), "{remedy}");
    let scheduler = "Drift--etc-kubernetes-manifests-kube-scheduler.yaml";
    let (verdict, summary, _) = examination.texts_of(scheduler);
    assert_eq!(verdict, "fail");
    assert!(
        summary.ends_with("which init (run 1) made, is gone"),
        "{summary}"
    );
    let (verdict, summary, remedy) = examination.texts_of("Component-kube-scheduler");
    assert_eq!(verdict, "fail");
    assert!(summary.contains("does not exist"), "{summary}");
    assert!(
        remedy.contains("init phase control-plane scheduler"),
        "{remedy}"
    );
    assert_eq!(examination.status, 4);
}

/// A machine whose configuration changed by `apply` on another machine still has its old files.
#[test]
fn a_machine_that_did_not_follow_a_change_is_told_to() {
    let cluster = Cluster::of_three();
    let text = fs::read_to_string(harness::workspace().join("examples/ha/cluster.yaml")).unwrap();
    let text = text.replace(
        "kind: ClusterConfiguration\n",
        "kind: ClusterConfiguration\nscheduler:\n  extraArgs:\n  - name: v\n    value: \"4\"\n",
    );
    fs::write(cluster.path("cluster.yaml"), text).unwrap();
    let line = "apply --config cluster.yaml --yes \
                --ignore-preflight-errors=ControlPlaneNodesReady";
    cluster.run(&cluster.root(), line).expect_success();
    let examination = cluster.examine_at(&cluster.machine("control-plane-2"), "");
    let code = "Drift--etc-kubernetes-manifests-kube-scheduler.yaml";
    let (verdict, summary, remedy) = examination.texts_of(code);
    assert_eq!(verdict, "warn");
    assert!(summary.contains("is as join"), "{summary}");
    assert_eq!(examination.evidence(code, "differs"), "--v");
    assert!(remedy.contains("apply"), "{remedy}");
}
