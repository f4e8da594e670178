//! A new version that does not start: what was replaced goes back, and the cluster serves as
//! before.
use crate::{COMPONENTS, Cluster, IGNORED, NEW, OLD, expect_mirrors, image};
use harness::RunOutput;
use std::fs;

/// Upgrades the first machine, on which the new image of a component ends as soon as it starts.
fn apply_broken(cluster: &Cluster, broken: &str) -> RunOutput {
    apply_with(cluster, &format!("brokenImages: ['{broken}']"), "")
}

/// Upgrades the first machine, whose container runtime is described like this, with these options
/// of `apply`.
fn apply_with(cluster: &Cluster, runtime: &str, options: &str) -> RunOutput {
    let node = cluster.path("node.yaml");
    let text = format!("hostname: control-plane-1\nruntime: {{{runtime}}}\n");
    fs::write(&node, text).unwrap();
    let config = cluster.path("upgrade.yaml");
    fs::write(
        &config,
        format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\napply: \
             {{{options}}}\ntimeouts: {{upgradeManifests: 2s, etcdAPICall: 2s, \
             kubernetesAPICall: 1s, controlPlaneComponentHealthCheck: 2s}}\n"
        ),
    )
    .unwrap();
    let line = format!(
        "apply {NEW} --yes {IGNORED} --config {} --node {}",
        config.display(),
        node.display()
    );
    cluster.upgrade(&cluster.root(), &line)
}

#[test]
fn a_component_that_does_not_start_is_taken_back_with_those_before_it() {
    for (component, replaced) in [
        ("kube-apiserver", &["kube-apiserver"][..]),
        (
            "kube-controller-manager",
            &["kube-controller-manager", "kube-apiserver"],
        ),
        (
            "kube-scheduler",
            &[
                "kube-scheduler",
                "kube-controller-manager",
                "kube-apiserver",
            ],
        ),
    ] {
        let cluster = Cluster::of_one();
        let output = apply_broken(&cluster, &format!("registry.k8s.io/{component}:{NEW}"));
        let text = output.printed();
        assert_ne!(output.status, 0, "{text}");
        for expected in [
            &format!("the new static Pod of {component} on control-plane-1"),
            "crictl --runtime-endpoint",
            "control-plane",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        for component in replaced {
            let line = format!("[upgrade/staticpods] Putting the old manifest of {component} back");
            assert!(text.contains(&line), "{text}");
        }
        expect_old_cluster(&cluster, &text);
        // The next run begins with what the failed run left.
        cluster.apply("").expect_success();
        assert!(image(&cluster.root(), component).ends_with(NEW));
    }
}

/// The flag comes with the upgrade, as one that the new version does not have any more.
#[test]
fn a_flag_that_a_component_does_not_know_is_taken_back_within_its_time() {
    for component in &COMPONENTS[1..] {
        let cluster = Cluster::of_one();
        let patches = cluster.path("patches");
        fs::create_dir(&patches).unwrap();
        let patch = r#"[{"op": "add", "path": "/spec/containers/0/command/-",
                         "value": "--no-such-flag=1"}]"#;
        fs::write(patches.join(format!("{component}+json.json")), patch).unwrap();
        let config = format!("patches: {{directory: {}}}", patches.display());
        let output = apply_with(&cluster, "unknownFlags: [--no-such-flag]", &config);
        let text = output.printed();
        assert_eq!(output.status, 5, "{text}");
        for expected in [
            // kubeadm's advice about the log to read
            "crictl --runtime-endpoint",
            "logs CONTAINERID",
            "timed out after 2s",
            &format!("the new static Pod of {component} on control-plane-1"),
            &format!("[upgrade/staticpods] Putting the old manifest of {component} back"),
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        expect_old_cluster(&cluster, &text);
    }
}

#[test]
fn an_etcd_that_does_not_start_is_taken_back() {
    let cluster = Cluster::of_one();
    let old = image(&cluster.root(), "etcd");
    let upgraded = Cluster::of_one();
    upgraded.apply("").expect_success();
    let new = image(&upgraded.root(), "etcd");
    assert_ne!(old, new, "the releases have different versions of etcd");
    let output = apply_broken(&cluster, &new);
    let text = output.printed();
    assert_ne!(output.status, 0, "{text}");
    assert!(
        text.contains("[upgrade/staticpods] Putting the old manifest of etcd back"),
        "{text}"
    );
    assert_eq!(image(&cluster.root(), "etcd"), old);
    expect_old_cluster(&cluster, &text);
}

/// Checks that the components have their old manifests, and that the cluster keeps its old version.
fn expect_old_cluster(cluster: &Cluster, case: &str) {
    for component in &COMPONENTS[1..] {
        let old = image(&cluster.root(), component);
        assert!(old.ends_with(OLD), "{component}: {old}\n{case}");
    }
    expect_mirrors(cluster, &cluster.root(), "control-plane-1", case);
    let configuration = cluster.document("kubeadm-config", "ClusterConfiguration");
    assert_eq!(configuration["kubernetesVersion"], OLD, "{case}");
}

#[test]
fn nodes_that_are_not_ready_stop_the_upgrade_before_anything_changes() {
    let cluster = Cluster::of_one();
    let output = cluster.upgrade(&cluster.root(), &format!("apply {NEW} -y"));
    let text = output.printed();
    assert_ne!(output.status, 0, "{text}");
    let expected = "[ERROR ControlPlaneNodesReady]: there are NotReady control-planes in the \
                    cluster: [control-plane-1]";
    assert!(text.contains(expected), "{text}");
    expect_old_cluster(&cluster, &text);
}
