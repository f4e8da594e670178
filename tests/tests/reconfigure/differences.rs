//! `diff`: what it prints, and its exit codes.
use crate::{Cluster, all_text, manifests};
use serde_json::{Value, json};
use std::fs;

#[test]
fn equal_configurations_have_no_difference() {
    let cluster = Cluster::of_one();
    let output = cluster.diff("");
    assert_eq!(output.status, 0, "{}", all_text(&output));
    assert!(
        output.stdout.contains("Nothing has to be changed"),
        "{}",
        all_text(&output)
    );
}

#[test]
fn fields_and_files_that_differ_are_printed_and_nothing_changes() {
    let cluster = Cluster::of_one();
    let before = manifests(&cluster.root());
    let state = fs::read(cluster.root().join("var/lib/kubephase/cluster.jsonl")).unwrap();
    cluster.write(&[
        (
            "value: /var/log/kubernetes/audit.log\n",
            "value: /var/log/kubernetes/other.log\n",
        ),
        ("maxPods: 200", "maxPods: 150"),
    ]);
    let output = cluster.diff("");
    let text = all_text(&output);
    assert_eq!(output.status, 1, "{text}");
    for line in [
        "  ClusterConfiguration apiServer.extraArgs[audit-log-path]: \
         \"/var/log/kubernetes/audit.log\" becomes \"/var/log/kubernetes/other.log\"",
        "  KubeletConfiguration maxPods: 200 becomes 150",
        "  static-pod /etc/kubernetes/manifests/kube-apiserver.yaml (control-plane)",
        "-    - --audit-log-path=/var/log/kubernetes/audit.log",
        "+    - --audit-log-path=/var/log/kubernetes/other.log",
        "-maxPods: 200",
        "+maxPods: 150",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let output = cluster.diff("-o json");
    assert_eq!(output.status, 1, "{}", all_text(&output));
    let object: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(object["kind"], "ConfigurationDifference");
    assert_eq!(
        object["fields"][1],
        json!({"document": "KubeletConfiguration", "path": "maxPods", "old": 200, "new": 150,
               "consequence": {"kind": "applied",
                               "phases": ["kubelet-config", "upload-config/kubelet"]}})
    );
    assert_eq!(before, manifests(&cluster.root()));
    assert_eq!(
        state,
        fs::read(cluster.root().join("var/lib/kubephase/cluster.jsonl")).unwrap()
    );
}

#[test]
fn a_change_by_hand_is_a_difference_from_what_the_cluster_keeps() {
    let cluster = Cluster::of_one();
    let path = cluster
        .root()
        .join("etc/kubernetes/manifests/kube-scheduler.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("--leader-elect=true", "--leader-elect=false"),
    )
    .unwrap();
    let output = cluster.run(&cluster.root(), "diff");
    let text = all_text(&output);
    assert_eq!(output.status, 1, "{text}");
    assert!(text.contains("+    - --leader-elect=true"), "{text}");
}

#[test]
fn secrets_of_the_old_and_of_the_new_configuration_are_not_printed() {
    let cluster = Cluster::of_one();
    let with_proxy = |password: &str| {
        let variable = format!(
            "apiServer:\n  extraEnvs:\n  - name: HTTPS_PROXY\n    value: \
             http://user:{password}@proxy.example.com:3128\n"
        );
        cluster.write(&[("apiServer:\n", &variable)]);
    };
    with_proxy("Kx8v-Qz2LmW4");
    cluster.apply("").expect_success();
    with_proxy("Rt5n-Yp7BcD9");
    for form in ["text", "json", "yaml"] {
        let output = cluster.diff(&format!("-o {form}"));
        let text = all_text(&output);
        assert_eq!(output.status, 1, "{text}");
        assert!(text.contains("HTTPS_PROXY"), "{text}");
        assert!(!text.contains("Kx8v") && !text.contains("Rt5n"), "{text}");
    }
    let text = all_text(&cluster.apply(""));
    assert!(!text.contains("Kx8v") && !text.contains("Rt5n"), "{text}");
}

#[test]
fn errors_have_other_codes_than_a_difference() {
    let cluster = Cluster::of_one();
    let unknown = cluster.diff("-o table");
    assert_eq!(unknown.status, 2, "{}", all_text(&unknown));
    let without = cluster.diff("--kubeconfig /nowhere");
    assert_eq!(without.status, 7, "{}", all_text(&without));
}
