//! `upgrade plan`. The recorded answers in `kubeadm/` are those of kubeadm 1.36.2 in the same
//! cluster.
use crate::{Cluster, IGNORED, NEW};
use harness::RunOutput;
use serde_json::Value;
use std::fs;

/// Runs `kubeadm upgrade plan`.
fn plan(cluster: &Cluster, line: &str) -> RunOutput {
    let line = format!("plan {line}");
    cluster.upgrade_as_kubeadm(&cluster.root(), &line)
}

#[test]
fn plans_are_those_of_kubeadm() {
    let cluster = Cluster::of_one();
    let beta = "v1.36.0-beta.1 --etcd-upgrade=false --print-config --allow-experimental-upgrades";
    for (line, recorded) in [
        (NEW, include_str!("kubeadm/plan.txt")),
        ("v1.36.2 -o yaml", include_str!("kubeadm/plan.yaml")),
        ("v1.36.2 -o json", include_str!("kubeadm/plan.json")),
        (beta, include_str!("kubeadm/plan-beta.txt")),
    ] {
        let output = plan(&cluster, &format!("{line} {IGNORED}"));
        assert_eq!(output.status, 0, "{line}: {}", output.stderr);
        assert_eq!(output.stdout, recorded, "{line}");
        let warning = "\t[WARNING ControlPlaneNodesReady]: there are NotReady control-planes in \
                       the cluster: [control-plane-1]";
        assert!(output.stderr.contains(warning), "{}", output.stderr);
    }
}

#[test]
fn without_a_version_kubeadms_own_is_meant() {
    let cluster = Cluster::of_one();
    let output = plan(&cluster, IGNORED);
    assert_eq!(output.stdout, include_str!("kubeadm/plan.txt"));
    let fallback = "falling back to the local client version: v1.36.2";
    assert!(output.stderr.contains(fallback), "{}", output.stderr);
    // There is nothing to upgrade to, or the text is not a version.
    let output = plan(&cluster, &format!("v1.35.4 {IGNORED}"));
    assert_eq!(output.status, 0);
    assert!(
        output
            .stdout
            .ends_with("Latest version in the v1.35 series: v1.35.4\n\n")
    );
    let output = plan(&cluster, &format!("newest {IGNORED}"));
    assert_eq!(output.status, 0, "{}", output.stderr);
    let warning = "could not parse \"newest\" as version";
    assert!(output.stderr.contains(warning), "{}", output.stderr);
    assert!(
        output
            .stdout
            .contains("Upgrade to the latest stable version:")
    );
}

#[test]
fn a_cluster_that_is_not_fit_is_refused() {
    let cluster = Cluster::of_one();
    let output = plan(&cluster, NEW);
    assert_eq!(output.status, 1);
    for part in [
        "[preflight] Some fatal errors occurred:\n\t[ERROR ControlPlaneNodesReady]: there are \
         NotReady control-planes in the cluster: [control-plane-1]\n",
        "error: [upgrade/health] FATAL: preflight checks failed\n",
    ] {
        assert!(output.stderr.contains(part), "{}", output.stderr);
    }
    let own = cluster.upgrade(&cluster.root(), "plan v1.36.2");
    assert_eq!(own.status, 4, "{}", own.stderr);
    let scheduler = cluster
        .root()
        .join("etc/kubernetes/manifests/kube-scheduler.yaml");
    fs::remove_file(scheduler).unwrap();
    let output = plan(&cluster, &format!("{NEW} {IGNORED}"));
    let missing = "[ERROR StaticPodManifest]: manifest files not found: \
                   [/etc/kubernetes/manifests/kube-scheduler.yaml]";
    assert!(output.stderr.contains(missing), "{}", output.stderr);
}

#[test]
fn mistakes_are_named_as_kubeadm_names_them() {
    let cluster = Cluster::of_one();
    let write = |name: &str, text: &str| fs::write(cluster.path(name), text).unwrap();
    write(
        "upgrade.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\nplan:\n  \
         kubernetesVersion: v1.36.1\n  ignorePreflightErrors: [all]\n",
    );
    write(
        "init.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n",
    );
    for (line, expected) in [
        (
            "-o foo",
            "unable to match a printer suitable for the output format \"foo\"",
        ),
        (
            "--kubeconfig /nope",
            "couldn't create a Kubernetes client from file \"/nope\": failed to load admin \
             kubeconfig: open /nope: no such file or directory",
        ),
        (
            "--config upgrade.yaml --etcd-upgrade=true",
            "can not mix '--config' with arguments [etcd-upgrade]",
        ),
        (
            "--config upgrade.yaml --ignore-preflight-errors Swap",
            "ignore-preflight-errors: Invalid value: \"all,swap\": don't specify individual \
             checks if 'all' is used",
        ),
        (
            "--config init.yaml",
            "no UpgradeConfiguration found in the supplied config",
        ),
        ("--yes", "unknown flag: --yes"),
    ] {
        let output = plan(&cluster, line);
        assert_eq!(output.status, 1, "{line}");
        assert!(
            output.stderr.contains(expected),
            "{line}: {}",
            output.stderr
        );
    }
    let output = plan(&cluster, "--config upgrade.yaml");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(output.stdout.contains("\tkubeadm upgrade apply v1.36.1\n"));
    let output = plan(&cluster, "v1.36.2 --config upgrade.yaml");
    assert!(output.stdout.contains("\tkubeadm upgrade apply v1.36.2\n"));
}

#[test]
fn the_programs_own_plan_names_its_own_commands() {
    let cluster = Cluster::of_three();
    let line = format!("plan {IGNORED} -o json");
    let output = cluster.upgrade(&cluster.root(), &line);
    assert_eq!(output.status, 0, "{}", output.stderr);
    let plan: Value = serde_json::from_str(&output.stdout).unwrap();
    let upgrades = plan["availableUpgrades"].as_array().unwrap();
    let texts: Vec<&str> = upgrades
        .iter()
        .filter_map(|upgrade| upgrade["description"].as_str())
        .collect();
    assert_eq!(texts, ["version in the v1.35 series", "stable version"]);
    let count = |name: &str| {
        let components = upgrades[1]["components"].as_array().unwrap();
        components.iter().filter(|one| one["name"] == name).count()
    };
    assert_eq!(
        (count("kubelet"), count("etcd"), count("kube-apiserver")),
        (3, 2, 2)
    );
    let line = format!("plan {NEW} {IGNORED}");
    let output = cluster.upgrade(&cluster.root(), &line);
    assert!(
        output
            .stdout
            .contains("\n\tkubephase upgrade apply v1.36.2\n")
    );
    // No object of the cluster has an API version that the upgrade removes.
    assert!(!output.stdout.contains("API versions"), "{}", output.stdout);
}

#[test]
fn differences_are_in_the_form_of_diff() {
    let cluster = Cluster::of_one();
    let diff = |line: &str| cluster.upgrade_as_kubeadm(&cluster.root(), &format!("diff {line}"));
    let output = diff(NEW);
    assert_eq!(output.status, 0, "{}", output.stderr);
    let begin = "[upgrade/diff] Reading configuration from the \"kubeadm-config\" ConfigMap in \
                 namespace \"kube-system\"...\n[upgrade/diff] Use 'kubeadm init phase \
                 upload-config kubeadm --config your-config-file' to re-upload it.\n--- \
                 /etc/kubernetes/manifests/kube-apiserver.yaml\n+++ new manifest\n@@ -";
    assert!(output.stdout.starts_with(begin), "{}", output.stdout);
    for part in [
        "-    image: registry.k8s.io/kube-apiserver:v1.35.4\n\
         +    image: registry.k8s.io/kube-apiserver:v1.36.2\n",
        "-    - mountPath: /usr/libexec/kubernetes/kubelet-plugins/volume/exec\n",
        "--- /etc/kubernetes/manifests/kube-scheduler.yaml\n+++ new manifest\n@@ -18 +18 @@\n",
    ] {
        assert!(output.stdout.contains(part), "{}", output.stdout);
    }
    // Without a version nothing differs, and context is shown on request.
    assert!(!diff("").stdout.contains("image:"));
    let context = diff("-c 1 1.36.2").stdout;
    let shown = "@@ -17,3 +17,3 @@\n     - --leader-elect=true\n-    image: \
                 registry.k8s.io/kube-scheduler:v1.35.4\n+    image: \
                 registry.k8s.io/kube-scheduler:1.36.2\n     imagePullPolicy: IfNotPresent\n";
    assert!(context.contains(shown), "{context}");
    for (line, expected) in [
        ("newest", "could not parse \"newest\" as version"),
        ("-c x", "strconv.ParseInt: parsing \"x\": invalid syntax"),
        (
            "--api-server-manifest f",
            "unknown flag: --api-server-manifest",
        ),
    ] {
        let output = diff(line);
        assert_eq!(output.status, 1, "{line}");
        assert!(
            output.stderr.contains(expected),
            "{line}: {}",
            output.stderr
        );
    }
}
