//! The files and objects that a reset removes, and those that it leaves.
use crate::{files, rehearse, rehearse_with, reset, tree};
use std::fs;

#[test]
fn reset_removes_the_cluster_and_leaves_other_files() {
    let (_folder, root) = tree();
    let authority = root.join("etc/kubernetes/pki/ca.crt");
    let before = fs::read(&authority).unwrap();
    fs::create_dir_all(root.join("etc/kubernetes/tmp/backup")).unwrap();
    fs::write(root.join("etc/kubernetes/mine.yaml"), "mine").unwrap();
    let output = reset(&root, "--force --cleanup-tmp-dir");
    assert_eq!(output.status, 0, "{}", output.printed());
    for line in [
        "[reset] Deleted contents of the etcd data directory: /var/lib/etcd\n",
        "[reset] Stopping the kubelet service\n",
        "[reset] Unmounting mounted directories in \"/var/lib/kubelet\"\n",
        "[reset] Deleting contents of directories: [/etc/kubernetes/manifests /var/lib/kubelet \
         /etc/kubernetes/pki /etc/kubernetes/tmp]\n",
        "[reset] Deleting files: [/etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf ",
        "\nThe reset process does not perform cleanup of CNI plugin configuration,\n",
    ] {
        assert!(
            output.stdout.contains(line),
            "no {line:?} in {}",
            output.stdout
        );
    }
    assert_eq!(
        files(&root.join("etc")),
        [root.join("etc/kubernetes/mine.yaml")],
        "a file that does not belong to the cluster stays"
    );
    assert!(
        files(&root.join("var/lib"))
            .iter()
            .all(|path| path.ends_with("lock")
                || path.ends_with("last-run.json")
                || path.extension().is_some_and(|end| end == "jsonl"))
    );
    let last_run = fs::read(root.join("var/lib/kubephase/last-run.json")).unwrap();
    let last_run: serde_json::Value = serde_json::from_slice(&last_run).unwrap();
    assert_eq!(last_run["workflow"], "reset", "the report on the last run");
    assert!(!root.join("var/lib/kubephase/cluster.jsonl").exists());
    assert!(
        root.join("etc/kubernetes/pki").is_dir()
            && !root.join("etc/kubernetes/tmp/backup").exists()
    );
    rehearse(&root);
    assert_ne!(
        fs::read(&authority).unwrap(),
        before,
        "the next cluster has another authority"
    );
}

#[test]
fn a_second_reset_changes_nothing() {
    let (_folder, root) = tree();
    assert_eq!(reset(&root, "-f").status, 0);
    let output = reset(&root, "-f -o json");
    assert_eq!(output.status, 0, "{}", output.printed());
    assert!(
        output.stdout.contains("\"unchanged\"")
            && !output.stdout.contains("{\"enacted\":\"changed\"}"),
        "{}",
        output.stdout
    );
}

/// A phase that cannot do its work warns, and the others run. Here the data of etcd is in a
/// directory that is never emptied; the cluster knows the directory, the damaged Pod does not.
#[test]
fn a_phase_that_fails_warns_and_the_others_run() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse_with(&root, "etcd: {local: {dataDir: /data}}\n");
    fs::write(root.join("etc/kubernetes/manifests/etcd.yaml"), "damaged").unwrap();
    fs::create_dir_all(root.join("data/member")).unwrap();
    let output = reset(&root, "--force");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output.stderr.contains(
            "[reset] Failed to delete contents of the \"/data\" directory: /data is left as it is"
        ),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains(
            "Failed to remove etcd member: its static Pod does not say which it is, please"
        ),
        "{}",
        output.stderr
    );
    assert!(root.join("data/member").exists() && files(&root.join("etc")).is_empty());
}

/// The node is reset whether or not the cluster answers.
#[test]
fn a_node_whose_cluster_is_gone_is_reset_from_its_own_files_with_a_warning() {
    let (_folder, root) = tree();
    fs::write(root.join("var/lib/etcd/member"), "data").unwrap();
    fs::remove_file(root.join("etc/kubernetes/manifests/kube-apiserver.yaml")).unwrap();
    let output = reset(&root, "--force");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output
            .stdout
            .starts_with("[reset] Reading configuration from the \"kubeadm-config\" ConfigMap"),
        "{}",
        output.stdout
    );
    for warning in [
        "[reset] Unable to fetch the kubeadm-config ConfigMap from cluster: failed to get config \
         map: the API server ",
        " cannot be reached: ",
        "please manually remove this etcd member using etcdctl",
    ] {
        assert!(
            output.stderr.contains(warning),
            "no {warning:?} in {}",
            output.stderr
        );
    }
    assert!(!root.join("var/lib/etcd/member").exists() && files(&root.join("etc")).is_empty());
    let output = reset(&root, "--force");
    assert!(
        !output.stdout.contains("Reading configuration")
            && !output.stderr.contains("Unable to fetch"),
        "without a kubeconfig the cluster is not asked"
    );
}
