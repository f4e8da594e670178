use super::*;

/// Returns a node on which nothing has to be detected.
fn node() -> NodeFacts {
    NodeFacts {
        hostname: "node-1".into(),
        default_route_interface_address: Some([192, 0, 2, 7].into()),
        cri_sockets: vec!["unix:///run/containerd/containerd.sock".into()],
        ..NodeFacts::default()
    }
}

fn migrate_text(text: &str) -> Result<String, Problems> {
    migrate_as(Program::Kubephase, text)
}

fn migrate_as(program: Program, text: &str) -> Result<String, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.yaml");
    std::fs::write(&path, text).unwrap();
    migrate(&path, &node(), program).map(|migrated| migrated.text)
}

#[test]
fn arguments_and_timeouts_of_the_old_version_have_their_new_form() {
    let text = migrate_text(
        "apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
kubernetesVersion: v1.36.0
apiServer:
  timeoutForControlPlane: 7m
  extraArgs: {profiling: \"false\", audit-log-path: /a}
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
bootstrapTokens: [{token: abcdef.0123456789abcdef}]
nodeRegistration: {kubeletExtraArgs: {node-ip: 192.0.2.7}}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
",
    )
    .unwrap();
    for expected in [
        "apiVersion: kubeadm.k8s.io/v1beta4\n",
        "controlPlaneComponentHealthCheck: 7m0s\n",
        "  extraArgs:\n  - name: audit-log-path\n    value: /a\n  - name: profiling\n",
        "kubeletExtraArgs:\n  - name: node-ip\n    value: 192.0.2.7\n",
        "token: abcdef.0123456789abcdef\n",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(!text.contains("timeoutForControlPlane"), "{text}");
    assert!(!text.contains("KubeletConfiguration"), "{text}");
    assert_eq!(
        migrate_text(&text).unwrap(),
        text,
        "a second time changes nothing"
    );
}

#[test]
fn documents_of_other_commands_are_completed() {
    let text = migrate_text(
        "apiVersion: kubeadm.k8s.io/v1beta4
kind: ResetConfiguration
force: true
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: JoinConfiguration
controlPlane: {}
discovery:
  timeout: 3m
  bootstrapToken:
    token: abcdef.0123456789abcdef
    apiServerEndpoint: 192.0.2.1:6443
    unsafeSkipCAVerification: true
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: UpgradeConfiguration
apply: {etcdUpgrade: false}
",
    )
    .unwrap();
    let documents: Vec<&str> = text.split("---\n").collect();
    assert_eq!(documents.len(), 3, "{text}");
    assert!(documents[0].contains("discovery: 3m0s\n"), "{text}");
    assert!(
        documents[0].contains("tlsBootstrapToken: abcdef.0123456789abcdef\n"),
        "{text}"
    );
    assert!(
        documents[0].contains("key: node-role.kubernetes.io/control-plane\n"),
        "{text}"
    );
    assert!(documents[1].contains("force: true\n"), "{text}");
    assert!(!documents[1].contains("dryRun"), "{text}");
    assert!(documents[2].contains("  etcdUpgrade: false\n"), "{text}");
    assert!(
        documents[2].contains("plan:\n  etcdUpgrade: true\n"),
        "{text}"
    );
}

#[test]
fn wrong_documents_are_refused_with_all_their_problems() {
    let Problems(problems) = migrate_text(
        "apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.0
nonsense: 1
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ResetConfiguration
unmountFlags: [MNT_NONE]
",
    )
    .unwrap_err();
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(
        text.iter().any(|problem| problem.contains("nonsense")),
        "{text:?}"
    );
    assert!(
        text.iter().any(|problem| problem.contains("MNT_NONE")),
        "{text:?}"
    );
}

const CLUSTER: &str =
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.0\n";
const UPGRADE: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n";

#[test]
fn as_kubeadm_the_timeout_of_a_new_configuration_is_lost() {
    let init = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n\
        timeouts: {controlPlaneComponentHealthCheck: 9m, discovery: 3m}\n";
    let old = CLUSTER.replace("v1beta4", "v1beta3");
    for (text, timeout) in [
        (CLUSTER.to_owned(), "0s"),
        (init.to_owned(), "0s"),
        (format!("{init}---\n{CLUSTER}"), "0s"),
        (old.clone(), "4m0s"),
        (
            format!("{old}apiServer: {{timeoutForControlPlane: 7m}}\n"),
            "7m0s",
        ),
    ] {
        let written = migrate_as(Program::Kubeadm, &text).unwrap();
        let expected = format!("controlPlaneComponentHealthCheck: {timeout}\n");
        assert!(written.contains(&expected), "{written}");
        assert!(!migrate_text(&text).unwrap().contains(": 0s"));
    }
}

#[test]
fn documents_that_no_command_reads_are_refused() {
    for document in [
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterStatus\n",
        "apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration\n",
        "apiVersion: apps/v1\nkind: Deployment\n",
    ] {
        for text in [document.to_owned(), format!("{CLUSTER}---\n{document}")] {
            let problems = migrate_text(&text).unwrap_err().to_string();
            assert!(
                problems.contains("unknown configuration APIs: ["),
                "{problems}"
            );
        }
    }
    let problems = migrate_as(Program::Kubeadm, UPGRADE)
        .unwrap_err()
        .to_string();
    assert!(problems.contains("could not find a mutator"), "{problems}");
    assert!(
        migrate_text(UPGRADE)
            .unwrap()
            .contains("UpgradeConfiguration")
    );
}

#[test]
fn the_documents_of_components_alone_leave_nothing() {
    let kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    assert_eq!(migrate_text(kubelet).unwrap(), "");
    assert_eq!(migrate_text("").unwrap(), "");
}

#[test]
fn phases_are_kept() {
    let phases = "apiVersion: kubephase.dev/v1alpha1\ndisabledPhases:\n- addon/coredns\nkind: \
        PhaseConfiguration\n";
    let text = migrate_text(&format!("{phases}---\n{CLUSTER}")).unwrap();
    assert!(text.ends_with(&format!("---\n{phases}")), "{text}");
}

#[test]
fn a_deprecated_version_is_no_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.yaml");
    std::fs::write(&path, CLUSTER.replace("v1beta4", "v1beta3")).unwrap();
    let migrated = migrate(&path, &node(), Program::Kubephase).unwrap();
    assert_eq!(migrated.warnings, []);
}
