//! The commands as kubeadm has them: arguments, single phases, the question, dry runs.
use crate::{Cluster, IGNORED, NEW, OLD, image, proxy_image};
use harness::{kubephase, run};
use std::fs;

#[test]
fn refusals_are_kubeadms() {
    let cluster = Cluster::of_one();
    for (line, expected) in [
        (
            "apply",
            "missing one or more required arguments. Required arguments: [version]",
        ),
        (
            "apply v1.36.1 v1.36.2",
            "too many arguments. Required arguments: [version]",
        ),
        (
            "apply v1.36.2 --certificate-renewal=perhaps",
            "invalid argument \"perhaps\" for \"--certificate-renewal\" flag: strconv.ParseBool: \
             parsing \"perhaps\": invalid syntax",
        ),
        (
            "apply v1.36.2 --ignore-preflight-errors all,Swap",
            "don't specify individual checks if 'all' is used",
        ),
        (
            "node v1.36.2",
            "unknown command \"v1.36.2\" for \"kubeadm upgrade node\"",
        ),
    ] {
        let output = cluster.upgrade_as_kubeadm(&cluster.root(), line);
        assert_eq!(output.status, 1, "{line}: {}", output.stderr);
        assert!(
            output.stderr.contains(expected),
            "{line}: {}",
            output.stderr
        );
    }
}

#[test]
fn a_machine_without_a_cluster_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["apply v1.36.2 -y", "node"] {
        let output = run(kubephase(crate::PROGRAM)
            .arg("upgrade")
            .args(line.split_whitespace())
            .arg("--root")
            .arg(folder.path()));
        assert_ne!(output.status, 0);
        for expected in [
            "couldn't create a Kubernetes client from file \"/etc/kubernetes/",
            "failed to load admin kubeconfig: open /etc/kubernetes/",
        ] {
            assert!(output.stderr.contains(expected), "{}", output.stderr);
        }
    }
}

/// kubeadm makes up a cluster then. Here a rehearsal does that, with every component.
#[test]
fn a_dry_run_without_a_cluster_names_the_command_that_makes_one_up() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(kubephase(crate::PROGRAM)
        .args(["upgrade", "apply", NEW, "--dry-run", "--root"])
        .arg(folder.path()));
    assert_ne!(output.status, 0);
    let words: Vec<&str> = output.stderr.split_whitespace().collect();
    let words = words.join(" ");
    for expected in [
        "failed to load admin kubeconfig: open /etc/kubernetes/admin.conf: no such file",
        "`kubephase rehearse --config FILE --upgrade-to v1.36.2` make one of the version in FILE",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
}

#[test]
fn an_answer_other_than_yes_ends_the_upgrade() {
    let cluster = Cluster::of_one();
    let line = format!("apply {NEW} {IGNORED}");
    let output = cluster.upgrade(&cluster.root(), &line);
    assert_ne!(output.status, 0);
    let question = "[upgrade] Are you sure you want to proceed? [y/N]: ";
    assert!(output.stdout.contains(question), "{}", output.stdout);
    assert!(
        output
            .stderr
            .contains("won't proceed; the user didn't answer (Y|y)"),
        "{}",
        output.stderr
    );
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(OLD));
}

#[test]
fn single_phases_do_their_part() {
    let cluster = Cluster::of_one();
    let root = cluster.root();
    let phase = |name: &str| {
        let line = format!("apply phase {name} {NEW}");
        cluster.upgrade(&root, &line).expect_success()
    };
    phase("control-plane");
    assert!(image(&root, "kube-apiserver").ends_with(NEW));
    let version = |cluster: &Cluster| {
        cluster.document("kubeadm-config", "ClusterConfiguration")["kubernetesVersion"].clone()
    };
    assert_eq!(version(&cluster), OLD);
    phase("upload-config kubeadm");
    assert_eq!(version(&cluster), NEW);
    phase("kubelet-config");
    phase("bootstrap-token");
    phase("addon all");
    phase("post-upgrade");
    cluster
        .upgrade(&root, "node phase control-plane")
        .expect_success();
}

#[test]
fn the_file_names_the_version_and_skips_phases() {
    let cluster = Cluster::of_one();
    let config = cluster.path("upgrade.yaml");
    let text = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\napply:\n  \
         kubernetesVersion: {NEW}\n  forceUpgrade: true\n  ignorePreflightErrors: \
         [ControlPlaneNodesReady]\n  skipPhases: [addon/coredns, addon/kube-proxy]\n  \
         etcdUpgrade: false\n"
    );
    fs::write(&config, text).unwrap();
    let line = format!("apply --config {}", config.display());
    cluster.upgrade(&cluster.root(), &line).expect_success();
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(NEW));
    let proxy = proxy_image(&cluster);
    assert!(proxy.ends_with(OLD), "{proxy}");
}

#[test]
fn a_dry_run_changes_nothing() {
    let cluster = Cluster::of_one();
    let before = tree_of(&cluster);
    let output = cluster.apply("--dry-run").expect_success();
    for line in [
        "[upgrade/staticpods] Preparing for \"kube-apiserver\" upgrade",
        "[upgrade/successful] Finished dryrunning successfully!",
    ] {
        assert!(output.contains(line), "{output}");
    }
    assert!(!output.contains("SUCCESS"), "{output}");
    assert_eq!(tree_of(&cluster), before);
}

/// Returns the manifests, the configuration of the kubelet and the state of the cluster.
fn tree_of(cluster: &Cluster) -> Vec<Vec<u8>> {
    [
        "etc/kubernetes/manifests/kube-apiserver.yaml",
        "etc/kubernetes/manifests/etcd.yaml",
        "etc/kubernetes/pki/apiserver.crt",
        "etc/kubernetes/admin.conf",
        "var/lib/kubelet/config.yaml",
        "var/lib/kubephase/cluster.jsonl",
    ]
    .map(|path| fs::read(cluster.root().join(path)).unwrap())
    .into()
}

#[test]
fn the_configuration_is_printed_on_request() {
    let cluster = Cluster::of_one();
    let output = cluster.apply("--print-config --dry-run").expect_success();
    assert!(
        output.contains("[upgrade/config] Configuration used:\n\tapiServer:"),
        "{output}"
    );
}

#[test]
fn versions_that_do_not_fit_are_refused_before_anything_changes() {
    let cluster = Cluster::of_one();
    for (line, expected) in [
        (
            "apply v1.37.0 -y",
            "the version argument is invalid due to these fatal errors:",
        ),
        (
            "apply v1.34.0 -y",
            "\"v1.34.0\" is equal to or lower than the minimum supported version \"v1.35.4\"",
        ),
        (
            "apply v1.36.2-rc.1 -y",
            "Can be bypassed if you pass the --force flag",
        ),
    ] {
        let output = cluster.upgrade_as_kubeadm(&cluster.root(), &format!("{line} {IGNORED}"));
        let text = output.printed();
        assert_eq!(output.status, 1, "{line}: {text}");
        let refused = "error execution phase preflight: the version argument is invalid";
        assert!(
            text.contains(refused) && text.contains(expected),
            "{line}: {text}"
        );
        assert!(
            image(&cluster.root(), "kube-apiserver").ends_with(OLD),
            "{line}"
        );
    }
}
