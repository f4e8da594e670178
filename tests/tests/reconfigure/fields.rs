//! Fields that are added, changed and removed: flags of the kubelet, feature gates, the
//! PhaseConfiguration.
use crate::{Cluster, changed, expect_settled, manifests};
use std::fs;

fn kubelet_flags(cluster: &Cluster, machine: Option<&str>) -> String {
    let tree = machine.map_or(cluster.root(), |name| cluster.machine(name));
    fs::read_to_string(tree.join("var/lib/kubelet/kubeadm-flags.env")).unwrap()
}

#[test]
fn flags_of_the_kubelet_are_those_of_the_document_of_the_machine() {
    let cluster = Cluster::of_three();
    let before = kubelet_flags(&cluster, None);
    let label = "--node-labels=topology.kubernetes.io/zone=zone-a";
    assert!(before.contains(label), "{before}");
    cluster.write(&[("zone-a\n", "zone-a\n  - name: v\n    value: \"4\"\n")]);
    let output = cluster.diff("");
    let text = output.printed();
    assert_eq!(output.status, 1, "{text}");
    assert!(
        text.contains("  file /var/lib/kubelet/kubeadm-flags.env (kubelet-config)"),
        "{text}"
    );
    let text = cluster.apply("").expect_success();
    assert!(text.contains("restarting the kubelet"), "{text}");
    let after = kubelet_flags(&cluster, None);
    assert_eq!(after, before.replace(label, &format!("{label} --v=4")));
    expect_settled(&cluster, &text);
    // A flag that the document does not have any more is removed.
    cluster.write(&[(
        "  kubeletExtraArgs:\n  - name: node-labels\n    value: \
         topology.kubernetes.io/zone=zone-a\n",
        "",
    )]);
    let text = cluster.apply("").expect_success();
    let after = kubelet_flags(&cluster, None);
    assert_eq!(after, before.replace(&format!(" {label}"), ""), "{text}");
    expect_settled(&cluster, &text);
    // Other machines have flags of their own.
    let worker = kubelet_flags(&cluster, Some("worker-1"));
    cluster
        .follow(&cluster.machine("worker-1"))
        .expect_success();
    assert_eq!(kubelet_flags(&cluster, Some("worker-1")), worker);
}

#[test]
fn feature_gates_of_components_reach_their_manifests_and_go_again() {
    let cluster = Cluster::of_one();
    let before = manifests(&cluster.root());
    let gates = "- name: feature-gates\n    value: ContextualLogging=true\n";
    let of_scheduler = format!("scheduler:\n  extraArgs:\n  {gates}clusterName:");
    let of_kubelet = "maxPods: 200\nfeatureGates: {ContextualLogging: true}";
    cluster.write(&[
        ("clusterName:", &of_scheduler),
        ("maxPods: 200", of_kubelet),
    ]);
    let text = cluster.apply("").expect_success();
    for line in [
        "ClusterConfiguration scheduler.extraArgs[feature-gates]: \"ContextualLogging=true\" is \
         added",
        "KubeletConfiguration featureGates.ContextualLogging: true is added",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let after = manifests(&cluster.root());
    assert_eq!(changed(&before, &after), ["kube-scheduler.yaml"]);
    assert!(after["kube-scheduler.yaml"].contains("--feature-gates=ContextualLogging=true"));
    let kubelet =
        || fs::read_to_string(cluster.root().join("var/lib/kubelet/config.yaml")).unwrap();
    assert!(kubelet().contains("ContextualLogging: true"));
    expect_settled(&cluster, &text);
    cluster.write(&[]);
    let text = cluster.apply("").expect_success();
    assert!(text.contains("is removed"), "{text}");
    assert_eq!(before, manifests(&cluster.root()));
    assert!(!kubelet().contains("ContextualLogging"));
    expect_settled(&cluster, &text);
}

#[test]
fn feature_gates_of_the_cluster_are_stored() {
    let cluster = Cluster::of_one();
    let before = manifests(&cluster.root());
    cluster.write(&[(
        "encryptionAlgorithm: ECDSA-P256\n",
        "featureGates: {PublicKeysECDSA: true}\n",
    )]);
    let text = cluster.apply("").expect_success();
    assert!(
        text.contains(
            "featureGates.PublicKeysECDSA: true is added (keys that exist stay as they are; new \
             keys are made by it)"
        ),
        "{text}"
    );
    let stored = cluster.document("kubeadm-config", "ClusterConfiguration");
    assert_eq!(stored["featureGates"]["PublicKeysECDSA"], true, "{text}");
    assert_eq!(before, manifests(&cluster.root()), "{text}");
    expect_settled(&cluster, &text);
    cluster.write(&[(
        "clusterName:",
        "featureGates: {NoSuchGate: true}\nclusterName:",
    )]);
    let output = cluster.apply("");
    assert_eq!(output.status, 3, "{}", output.printed());
    assert!(
        output.printed().contains("NoSuchGate"),
        "{}",
        output.printed()
    );
}

#[test]
fn arguments_that_are_not_in_the_file_any_more_are_removed() {
    let cluster = Cluster::of_one();
    let audit = "  extraArgs:\n  - name: audit-log-path\n    value: \
                 /var/log/kubernetes/audit.log\n";
    cluster.write(&[(audit, "")]);
    let text = cluster.apply("").expect_success();
    assert!(
        text.contains(
            "ClusterConfiguration apiServer.extraArgs[audit-log-path]: \
             \"/var/log/kubernetes/audit.log\" is removed"
        ),
        "{text}"
    );
    let manifest = &manifests(&cluster.root())["kube-apiserver.yaml"];
    assert!(!manifest.contains("audit-log-path"), "{manifest}");
    let stored = cluster.document("kubeadm-config", "ClusterConfiguration");
    assert_eq!(stored["apiServer"].get("extraArgs"), None, "{stored}");
    expect_settled(&cluster, &text);
}

#[test]
fn a_machine_that_was_not_through_the_change_shows_its_own_differences() {
    let cluster = Cluster::of_three();
    let (first, second) = (cluster.root(), cluster.machine("control-plane-2"));
    cluster.follow(&second).expect_success();
    cluster.write(&[(
        "value: /var/log/kubernetes/audit.log\n",
        "value: /var/log/kubernetes/audit.log\n  - name: v\n    value: \"4\"\n",
    )]);
    cluster.apply("").expect_success();
    let output = cluster.run(&first, "diff");
    assert_eq!(output.status, 0, "{}", output.printed());
    let output = cluster.run(&second, "diff");
    let text = output.printed();
    assert_eq!(output.status, 1, "{text}");
    assert!(text.contains("+    - --v=4"), "{text}");
    assert!(
        text.contains("kube-apiserver.yaml (control-plane)"),
        "{text}"
    );
    cluster.follow(&second).expect_success();
    let output = cluster.run(&second, "diff");
    assert_eq!(output.status, 0, "{}", output.printed());
}

#[test]
fn a_changed_phase_configuration_is_stored_and_one_that_is_left_out_stays() {
    let cluster = Cluster::of_one();
    let document = |rule: &str| {
        format!(
            "maxPods: 200\n---\napiVersion: kubephase.dev/v1alpha1\nkind: \
             PhaseConfiguration\nrules:\n- code: {rule}\n  that: node.cpus >= 1\n  summary: \
             a CPU\n"
        )
    };
    let stored = || cluster.document("kubephase-config", "PhaseConfiguration");
    cluster.write(&[("maxPods: 200", &document("FirstRule"))]);
    let output = cluster.diff("");
    assert_eq!(output.status, 1, "{}", output.printed());
    let text = cluster.apply("").expect_success();
    assert_eq!(stored()["rules"][0]["code"], "FirstRule", "{text}");
    expect_settled(&cluster, &text);
    cluster.write(&[("maxPods: 200", &document("SecondRule"))]);
    let text = cluster.apply("").expect_success();
    assert_eq!(stored()["rules"][0]["code"], "SecondRule", "{text}");
    cluster.write(&[]);
    let text = cluster.apply("").expect_success();
    assert_eq!(stored()["rules"][0]["code"], "SecondRule", "{text}");
}
