//! Upgrades that are refused before anything changes: kubeadm's checks, by their names.
use crate::{COMPONENTS, Cluster, IGNORED, NEW, OLD, change, image};
use serde_json::json;
use std::fs;

/// Checks that an upgrade is refused with this text, and that the cluster is as it was.
fn expect_refusal(cluster: &Cluster, line: &str, expected: &str) {
    let output = cluster.upgrade(&cluster.root(), line);
    let text = output.printed();
    assert_ne!(output.status, 0, "{text}");
    // Long lines are broken.
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.join(" ").contains(expected), "{expected}\n{text}");
    expect_old(cluster, &text);
}

fn expect_old(cluster: &Cluster, case: &str) {
    for component in &COMPONENTS[1..] {
        let path = format!("etc/kubernetes/manifests/{component}.yaml");
        if cluster.root().join(path).exists() {
            assert!(image(&cluster.root(), component).ends_with(OLD), "{case}");
        }
    }
    let configuration = cluster.document("kubeadm-config", "ClusterConfiguration");
    assert_eq!(configuration["kubernetesVersion"], OLD, "{case}");
}

/// An API server supports kubelets that are up to three minors older.
#[test]
fn kubelets_that_would_be_too_old_are_refused_unless_the_operator_insists() {
    let cluster = Cluster::of_three();
    change(&cluster, "/nodes", "worker-1", |node| {
        node["status"]["nodeInfo"]["kubeletVersion"] = "v1.32.9".into();
    });
    expect_refusal(
        &cluster,
        &format!("apply {NEW} --yes {IGNORED}"),
        "There are kubelets in this cluster that are too old that have these versions [v1.32.9] \
         Can be bypassed if you pass the --force flag",
    );
    cluster.apply("--force").expect_success();
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(NEW));
}

#[test]
fn a_machine_without_all_static_pods_is_refused() {
    let cluster = Cluster::of_one();
    let scheduler = "etc/kubernetes/manifests/kube-scheduler.yaml";
    fs::remove_file(cluster.root().join(scheduler)).unwrap();
    expect_refusal(
        &cluster,
        &format!("apply {NEW} --yes {IGNORED}"),
        "[ERROR StaticPodManifest]: manifest files not found: \
         [/etc/kubernetes/manifests/kube-scheduler.yaml]",
    );
}

/// Takes rights from the administrators of a cluster: in an API group they may use only these
/// verbs.
pub fn take_rights(cluster: &Cluster, group: &str, kept: &[&str]) {
    let others = [
        "",
        "apps",
        "batch",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "rbac.authorization.k8s.io",
    ];
    let others = others.iter().filter(|name| **name != group);
    let rules = json!([
        {"apiGroups": others.collect::<Vec<_>>(), "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": [group], "resources": ["*"], "verbs": kept},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]);
    let roles = "rbac.authorization.k8s.io/clusterroles";
    change(cluster, roles, "cluster-admin", |role| {
        role["rules"] = rules.clone();
    });
}

#[test]
fn a_cluster_that_runs_no_job_is_refused_unless_that_is_ignored() {
    let cluster = Cluster::of_one();
    take_rights(&cluster, "batch", &["get", "list"]);
    expect_refusal(
        &cluster,
        &format!("apply {NEW} --yes {IGNORED}"),
        "[ERROR CreateJob]: could not create Job \"upgrade-health-check-",
    );
    let output = cluster.apply("--ignore-preflight-errors=CreateJob,ControlPlaneNodesReady");
    let text = output.printed();
    assert_eq!(output.status, 0, "{text}");
    assert!(
        text.contains("[WARNING CreateJob]: could not create Job"),
        "{text}"
    );
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(NEW));
}

#[test]
fn without_a_node_for_pods_no_job_is_created() {
    let cluster = Cluster::of_one();
    change(&cluster, "/nodes", "control-plane-1", |node| {
        node["spec"]["unschedulable"] = true.into();
    });
    let output = cluster.apply("");
    let text = output.printed();
    assert_eq!(output.status, 0, "{text}");
    let words: Vec<&str> = text.split_whitespace().collect();
    let warning = "The preflight check \"CreateJob\" was skipped because there are no schedulable \
                   Nodes in the cluster.";
    assert!(words.join(" ").contains(warning), "{text}");
    assert_eq!(cluster.state().names("batch/jobs"), [""; 0], "{text}");
}
