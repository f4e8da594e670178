//! The objects with which nodes join a cluster are verified on every machine, and made again where
//! the run has the rights.
use crate::{Cluster, change, refusals::take_rights};
use serde_json::{Value, json};

const ROLES: &str = "rbac.authorization.k8s.io/clusterroles";
const BINDINGS: &str = "rbac.authorization.k8s.io/clusterrolebindings";
const NAME: &str = "kubeadm:get-nodes";

/// Takes from the cluster what the objects need.
fn damage(cluster: &Cluster) {
    change(cluster, ROLES, NAME, |role| role["rules"] = json!([]));
    change(cluster, BINDINGS, NAME, |binding| {
        binding["subjects"] = json!([]);
    });
    change(cluster, "/configmaps", "cluster-info", |map| {
        map["data"] = json!({});
    });
}

/// Returns what the damage takes away.
fn damaged_parts(cluster: &Cluster) -> [Value; 3] {
    let state = cluster.state();
    let info = &state.objects("/configmaps")["cluster-info"]["data"]["kubeconfig"];
    [
        state.objects(ROLES)[NAME]["rules"].clone(),
        state.objects(BINDINGS)[NAME]["subjects"].clone(),
        info.clone(),
    ]
}

/// Verifies the objects on the second machine of the control plane. Returns what was printed.
fn verify(cluster: &Cluster) -> String {
    let output = cluster.upgrade(
        &cluster.machine("control-plane-2"),
        "node phase cluster-objects",
    );
    let text = output.printed();
    assert_eq!(output.status, 0, "{text}");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[test]
fn what_is_missing_is_made_again_and_what_is_there_stays() {
    let cluster = Cluster::of_three();
    let before = damaged_parts(&cluster);
    let text = verify(&cluster);
    assert!(!text.contains("made again"), "{text}");
    damage(&cluster);
    let text = verify(&cluster);
    for object in [
        "the ClusterRole \"kubeadm:get-nodes\"",
        "the ClusterRoleBinding \"kubeadm:get-nodes\"",
        "the ConfigMap \"cluster-info\"",
    ] {
        let line = format!("[cluster-objects] {object} was missing or not complete, and is made");
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert_eq!(damaged_parts(&cluster), before, "{text}");
    let text = verify(&cluster);
    assert!(!text.contains("made again"), "{text}");
}

#[test]
fn a_run_that_may_not_write_them_warns_and_goes_on() {
    let cluster = Cluster::of_three();
    damage(&cluster);
    take_rights(&cluster, "rbac.authorization.k8s.io", &["get", "list"]);
    let damaged = damaged_parts(&cluster);
    let text = verify(&cluster);
    for kind in ["ClusterRole", "ClusterRoleBinding"] {
        let line = format!("[cluster-objects] the {kind} \"{NAME}\" could not be made again: ");
        assert!(text.contains(&line), "{text}");
    }
    let found = damaged_parts(&cluster);
    assert_eq!(found[..2], damaged[..2], "{text}");
    assert_ne!(found[2], damaged[2], "cluster-info may be written: {text}");
}

#[test]
fn a_run_that_may_not_read_them_says_so_and_goes_on() {
    let cluster = Cluster::of_three();
    damage(&cluster);
    take_rights(&cluster, "rbac.authorization.k8s.io", &[]);
    let text = verify(&cluster);
    let line = format!("[cluster-objects] the ClusterRole \"{NAME}\" cannot be verified: ");
    assert!(text.contains(&line), "{text}");
}
