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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.yaml");
    std::fs::write(&path, text).unwrap();
    migrate(&path, &node()).map(|migrated| migrated.text)
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
