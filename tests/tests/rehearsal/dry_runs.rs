//! `init --dry-run --out`.
use crate::{PROGRAM, example, mode, write_config};
use harness::{RunOutput, kubephase, run};
use std::{fs, path::Path};

/// Runs `init --dry-run --out`.
fn dry_run(config: &str, out: &Path, more: &[&str]) -> RunOutput {
    let node = example("single-node/node.yaml");
    run(kubephase(PROGRAM)
        .args(["init", "--dry-run", "--config", config, "--node", &node])
        .arg("--out")
        .arg(out)
        .args(more))
}

#[test]
fn the_result_is_written_completely_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let out = folder.path().join("out");
    let output = dry_run(&config, &out, &[]);
    assert_eq!(output.status, 0, "{}", output.printed());
    assert_eq!(mode(&out.join("files/etc/kubernetes/pki/ca.key")), 0o600);
    assert_eq!(mode(&out.join("files/var/lib/etcd")), 0o700);
    assert!(
        fs::read_to_string(out.join("objects.yaml"))
            .unwrap()
            .starts_with("# CREATE configmaps kube-system/kubeadm-config\n")
    );
    // A second dry run replaces the result, but no file of the user.
    assert_eq!(dry_run(&config, &out, &[]).status, 0);
    let thesis = out.join("files/thesis.txt");
    fs::write(&thesis, "years of work").unwrap();
    let output = dry_run(&config, &out, &[]);
    assert!(
        output.status == 1
            && output
                .stderr
                .contains("thesis.txt was not written by --out"),
        "{}",
        output.stderr
    );
    assert!(thesis.exists() && out.join("objects.yaml").exists());
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let output = dry_run(&config, &file, &[]);
    assert!(
        output.status == 1 && output.stderr.contains("is not a directory"),
        "{}",
        output.stderr
    );
    let never = folder.path().join("never");
    assert_ne!(dry_run(&config, &never, &["--skip-phases=nope"]).status, 0);
    assert!(!never.exists());
    if Path::new("/dev/full").exists() {
        assert_eq!(dry_run(&config, Path::new("/dev/full"), &[]).status, 1);
    }
}

/// A dry run ends even if phases are left out that start the cluster or wait for it.
#[test]
fn phases_that_start_or_await_the_cluster_may_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    for skipped in [
        "wait-control-plane",
        "kubelet-start",
        "kubelet-start,wait-control-plane",
        "preflight,wait-control-plane,addon",
    ] {
        let out = folder.path().join("out");
        let output = dry_run(&config, &out, &["--skip-phases", skipped]);
        assert_eq!(output.status, 0, "{skipped}: {}", output.stderr);
        let objects = fs::read_to_string(out.join("objects.yaml")).unwrap();
        assert!(
            objects.contains("# CREATE configmaps kube-system/kubeadm-config\n"),
            "{skipped}: {objects}"
        );
    }
}

/// `--print-manifest` prints only the objects of an addon, and needs no cluster.
#[test]
fn the_manifests_of_an_addon_are_printed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let node = example("single-node/node.yaml");
    for (addon, kinds) in [
        (
            "coredns",
            "ClusterRole ClusterRoleBinding ConfigMap Deployment Service ServiceAccount",
        ),
        (
            "kube-proxy",
            "ClusterRoleBinding ConfigMap DaemonSet Role RoleBinding ServiceAccount",
        ),
    ] {
        let output = run(kubephase(PROGRAM)
            .args(["init", "phase", "addon", addon, "--print-manifest"])
            .args(["--config", &config, "--node", &node]));
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert!(
            output.stdout.starts_with("---\napiVersion: "),
            "{}",
            output.stdout
        );
        let mut found: Vec<&str> = output
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("kind: "))
            .collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), kinds);
        assert!(!output.stdout.contains("[addons]"), "{}", output.stdout);
    }
}
