//! A new version that does not start: what was replaced goes back, and the cluster serves as
//! before.
use crate::{COMPONENTS, Cluster, NEW, OLD, expect_mirrors, image};
use harness::RunOutput;

/// Upgrades the first machine, on which the new image of a component ends as soon as it starts.
fn apply_broken(cluster: &Cluster, broken: &str) -> RunOutput {
    cluster.apply_failing("brokenImages", broken)
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
        // The next run begins with what is there.
        cluster.apply("").expect_success();
        assert!(image(&cluster.root(), component).ends_with(NEW));
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

/// Checks that the components run by their old manifests, and that the cluster keeps its old
/// version.
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
