//! `reset` of what a rehearsal left in its tree: nothing of the cluster stays, and the next one is another.
#![allow(clippy::disallowed_methods, reason = "tests look at files and run programs")]
use harness::{Said, kubephase, run, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

fn rehearse(root: &Path) {
    rehearse_with(root, "");
}

/// With more lines in the ClusterConfiguration.
fn rehearse_with(root: &Path, more: &str) {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
    fs::write(&config, text.replace("networking:", &format!("{more}encryptionAlgorithm: ECDSA-P256\nnetworking:"))).unwrap();
    let mut command = kubephase(PROGRAM);
    command.arg("rehearse").arg("--config").arg(&config).arg("--node").arg(example.join("node.yaml")).arg("--root").arg(root);
    let said = run(&mut command);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
}

fn reset(root: &Path, line: &str) -> Said {
    run(kubephase(PROGRAM).arg("reset").args(line.split_whitespace()).arg("--root").arg(root).stdin(Stdio::null()))
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    fs::read_dir(directory).into_iter().flatten().flatten().flat_map(|entry| below(entry.path())).collect()
}

/// A tree with a cluster in it.
fn tree() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse(&root);
    (folder, root)
}

#[test]
fn nothing_of_the_cluster_stays() {
    let (_folder, root) = tree();
    let authority = || fs::read(root.join("etc/kubernetes/pki/ca.crt")).unwrap();
    let before = authority();
    fs::create_dir_all(root.join("etc/kubernetes/tmp/backup")).unwrap();
    fs::write(root.join("etc/kubernetes/mine.yaml"), "mine").unwrap();
    let said = reset(&root, "--force --cleanup-tmp-dir");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    for line in [
        "[reset] Deleted contents of the etcd data directory: /var/lib/etcd\n",
        "[reset] Stopping the kubelet service\n",
        "[reset] Unmounting mounted directories in \"/var/lib/kubelet\"\n",
        "[reset] Deleting contents of directories: [/etc/kubernetes/manifests /var/lib/kubelet /etc/kubernetes/pki /etc/kubernetes/tmp]\n",
        "[reset] Deleting files: [/etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf ",
        "\nThe reset process does not perform cleanup of CNI plugin configuration,\n",
    ] {
        assert!(said.stdout.contains(line), "no {line:?} in {}", said.stdout);
    }
    assert_eq!(files(&root.join("etc")), [root.join("etc/kubernetes/mine.yaml")], "what is not the cluster's stays");
    assert!(files(&root.join("var/lib")).iter().all(|path| path.ends_with("lock") || path.extension().is_some_and(|end| end == "jsonl")));
    assert!(!root.join("var/lib/kubephase/cluster.jsonl").exists());
    assert!(root.join("etc/kubernetes/pki").is_dir() && !root.join("etc/kubernetes/tmp/backup").exists());
    rehearse(&root);
    assert_ne!(authority(), before, "the next cluster is another");
}

#[test]
fn a_second_reset_changes_nothing() {
    let (_folder, root) = tree();
    assert_eq!(reset(&root, "-f").status, 0);
    let said = reset(&root, "-f -o json");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("\"unchanged\"") && !said.stdout.contains("{\"enacted\":\"changed\"}"), "{}", said.stdout);
}

#[test]
fn nothing_is_reset_that_nobody_wants_to() {
    let (_folder, root) = tree();
    let before = files(&root.join("etc")).len();
    for (line, exit, words) in [
        ("", 1, "won't proceed; the user didn't answer (Y|y) in order to continue"),
        ("-o json", 2, "add --force"),
        ("--dry-run", 0, ""),
        ("--force --cert-dir relative", 3, "certificatesDir: Invalid value: \"relative\": path is not absolute"),
        ("--force --skip-phases nope", 2, "invalid phase name: nope"),
    ] {
        let said = reset(&root, line);
        assert_eq!(said.status, exit, "{line}: {}", said.stderr);
        assert!(said.stderr.contains(words), "{line}: {}", said.stderr);
        assert_eq!(files(&root.join("etc")).len(), before, "{line}");
    }
    let config = root.with_extension("reset.yaml");
    fs::write(&config, "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\nforce: true\nskipPhases: [cleanup-node]\n").unwrap();
    let mixed = reset(&root, &format!("--config {} --force", config.display()));
    assert!(mixed.stderr.contains("can not mix '--config' with arguments [force]"), "{}", mixed.stderr);
    let said = reset(&root, &format!("--config {}", config.display()));
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(files(&root.join("etc")).len(), before, "cleanup-node was left out");
}

/// What a phase cannot do is told, and the others go on: here an etcd's data lies where nothing is emptied.
#[test]
fn what_does_not_work_is_told_and_the_rest_goes_on() {
    let (_folder, root) = tree();
    let manifest = root.join("etc/kubernetes/manifests/etcd.yaml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("path: /var/lib/etcd", "path: /data")).unwrap();
    fs::create_dir_all(root.join("data/member")).unwrap();
    let said = reset(&root, "--force");
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(
        said.stderr.contains("[reset] Failed to delete contents of the \"/data\" directory: /data is left as it is"),
        "{}",
        said.stderr
    );
    assert!(root.join("data/member").exists() && files(&root.join("etc")).is_empty());
}

/// What a run made is known by its journal, wherever it is; what somebody put there before or since is theirs.
#[test]
fn what_runs_made_elsewhere_is_undone_by_their_journals() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse_with(&root, "certificatesDir: /opt/pki\n");
    let authority = root.join("opt/pki/ca.crt");
    assert!(authority.exists());
    fs::write(root.join("opt/pki/mine"), "mine").unwrap();
    let dry = reset(&root, "--dry-run -o json");
    assert_eq!(dry.status, 0, "{}", dry.stderr);
    assert!(dry.stdout.contains("\"/opt/pki/ca.crt\"") && dry.stdout.contains("init made it, by journal 1"), "{}", dry.stdout);
    assert!(authority.exists(), "a dry run changes nothing");
    let said = reset(&root, "--force");
    assert_eq!(said.status, 0, "{}", said.stderr);
    let line = said.stdout.lines().find(|line| line.starts_with("[reset] Deleting files that earlier runs made, by their journals: ["));
    assert!(line.is_some_and(|line| line.contains("/opt/pki/ca.crt")), "{}", said.stdout);
    assert_eq!(files(&root.join("opt")), [root.join("opt/pki/mine")]);
    fs::write(&authority, "another's").unwrap();
    assert_eq!(reset(&root, "--force").status, 0);
    assert!(authority.exists(), "what came after the reset is not ours");
}
