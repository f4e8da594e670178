//! The data of etcd: snapshots, the copy that an upgrade makes, and going back to that copy.
use crate::{COMPONENTS, Cluster, NEW, OLD, backups, change, expect_mirrors, image};
use harness::RunOutput;
use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const COPY: &str = "kubeadm-backup-etcd-";
const SNAPSHOT: &str = "kubephase-etcd-snapshot-";

/// Returns the only backup of a kind on a machine.
fn backup(tree: &Path, prefix: &str) -> PathBuf {
    let found = backups(tree, prefix);
    assert_eq!(found.len(), 1, "{prefix}: {found:?}");
    found[0].clone()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Returns the SHA-256 of bytes, in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

/// Returns the document with the configuration of the cluster in the data of a rehearsed etcd.
fn configuration_in(data: &[u8]) -> String {
    let mut found = String::new();
    for line in String::from_utf8_lossy(data)
        .lines()
        .filter(|line| !line.is_empty())
    {
        let entry: Value = serde_json::from_str(line).unwrap();
        let object = &entry["object"]["object"];
        if object["metadata"]["name"] == "kubeadm-config" && object["kind"] == "ConfigMap" {
            let text = object["data"]["ClusterConfiguration"].as_str();
            text.unwrap().clone_into(&mut found);
        }
    }
    found
}

/// Returns the effects of a kind in the newest journal of a tree.
fn effects(tree: &Path, kind: &str) -> Vec<Value> {
    let state = tree.join("var/lib/kubephase");
    let entries = fs::read_dir(state)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_journal = |path: &PathBuf| path.to_str().unwrap().contains("/journal-");
    let newest = entries.filter(is_journal).max().unwrap();
    let text = fs::read_to_string(newest).unwrap();
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    events
        .filter(|event| event["event"] == "effect" && event["effect"]["kind"] == kind)
        .collect()
}

#[test]
fn a_snapshot_is_saved_and_verified_before_anything_changes() {
    let cluster = Cluster::of_one();
    let root = cluster.root();
    let output = cluster.apply("--snapshot").expect_success();
    let (snapshot, copy) = (backup(&root, SNAPSHOT), backup(&root, COPY));
    let file = snapshot.join("snapshot.db");
    assert!(output.contains("[upgrade/etcd] Saving a snapshot of etcd to \"/etc/kubernetes/tmp/"));
    for (path, expected) in [(&snapshot, 0o700), (&copy, 0o700), (&file, 0o600)] {
        assert_eq!(mode(path), expected, "{}", path.display());
    }
    let bytes = fs::read(&file).unwrap();
    let (database, digest) = bytes.split_at(bytes.len() - 32);
    assert_eq!(database.len() % 512, 0);
    assert_eq!(sha256(database), data_encoding::HEXLOWER.encode(digest));
    let version = format!("kubernetesVersion: {OLD}\n");
    assert!(
        configuration_in(database).contains(&version),
        "it is from before the upgrade"
    );
    let copied = fs::read(copy.join("etcd/member/snap/db")).unwrap();
    assert!(configuration_in(&copied).contains(&version));
    let recorded = effects(&root, "etcd-snapshot");
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    let target = recorded[0]["effect"]["target"].as_str().unwrap();
    assert!(file.to_str().unwrap().ends_with(target), "{target}");
    // A later reset removes both with what is in them.
    let reset = harness::run(
        harness::kubephase(crate::PROGRAM)
            .args(["reset", "--force", "--root"])
            .arg(&root),
    );
    reset.expect_success();
    assert!(!snapshot.exists() && !copy.exists(), "{output}");
}

#[test]
fn an_upgrade_that_replaces_etcd_leaves_a_copy_of_its_data() {
    let cluster = Cluster::of_one();
    let root = cluster.root();
    let output = cluster.apply("").expect_success();
    let copy = backup(&root, COPY);
    assert!(copy.join("etcd/member/snap/db").is_file(), "{output}");
    assert!(backups(&root, SNAPSHOT).is_empty());
    // An upgrade that leaves etcd as it is copies nothing, unless a snapshot is wanted.
    cluster.apply("").expect_success();
    assert_eq!(backups(&root, COPY).len(), 1);
    cluster.apply("--snapshot").expect_success();
    assert_eq!(backups(&root, COPY).len(), 2);
}

#[test]
fn a_dry_run_saves_no_snapshot_on_the_machine() {
    let cluster = Cluster::of_one();
    cluster.apply("--snapshot --dry-run").expect_success();
    assert!(backups(&cluster.root(), SNAPSHOT).is_empty());
    assert!(backups(&cluster.root(), COPY).is_empty());
}

#[test]
fn a_machine_without_etcd_saves_no_snapshot() {
    let cluster = Cluster::of_three();
    cluster.apply("").expect_success();
    let worker = cluster.machine("worker-1");
    let output = cluster.upgrade(&worker, "node --snapshot");
    assert_ne!(output.status, 0);
    let expected = "--snapshot: this machine is a worker and has no etcd; save the snapshot on a \
                    machine of the control plane";
    assert!(output.printed().contains(expected), "{}", output.printed());
    let second = cluster.machine("control-plane-2");
    cluster
        .upgrade(&second, "node --snapshot --ignore-preflight-errors=all")
        .expect_success();
    let file = backup(&second, SNAPSHOT).join("snapshot.db");
    assert!(fs::metadata(file).unwrap().len() > 512);
}

/// Upgrades the first machine, on which the new etcd ends and leaves data that no etcd can read.
fn apply_damaging(cluster: &Cluster) -> RunOutput {
    let upgraded = Cluster::of_one();
    upgraded.apply("").expect_success();
    let new = image(&upgraded.root(), "etcd");
    cluster.apply_failing("damagingImages", &new)
}

#[test]
fn data_that_a_new_etcd_damaged_are_put_back() {
    let cluster = Cluster::of_one();
    let root = cluster.root();
    let old = image(&root, "etcd");
    let before = cluster.document("kubeadm-config", "ClusterConfiguration");
    let output = apply_damaging(&cluster);
    let text = output.printed();
    assert_ne!(output.status, 0, "{text}");
    for expected in [
        "[upgrade/staticpods] Putting the old manifest of etcd back",
        "[upgrade/etcd] Etcd data rollback successful: /var/lib/etcd has the data of \
         /etc/kubernetes/tmp/kubeadm-backup-etcd-",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert_eq!(image(&root, "etcd"), old);
    assert!(root.join("var/lib/etcd/member.replaced/damaged").exists());
    assert_eq!(
        cluster.document("kubeadm-config", "ClusterConfiguration"),
        before
    );
    expect_mirrors(&cluster, &root, "control-plane-1", &text);
    assert_eq!(effects(&root, "etcd-restore").len(), 1);
    cluster.apply("").expect_success();
    assert!(image(&root, "kube-apiserver").ends_with(NEW));
}

/// Returns the values that the test writes after an upgrade.
fn written(cluster: &Cluster) -> Value {
    cluster.state().objects("/configmaps")["kube-proxy"]["data"]["written-later"].clone()
}

#[test]
fn a_rollback_with_etcd_takes_all_writes_back() {
    let cluster = Cluster::of_one();
    let root = cluster.root();
    let old = image(&root, "etcd");
    let before = cluster.document("kubelet-config", "kubelet");
    cluster.apply("").expect_success();
    change(&cluster, "/configmaps", "kube-proxy", |map| {
        map["data"]["written-later"] = json!("x");
    });
    assert_eq!(written(&cluster), "x");
    let asked = cluster.upgrade(&root, "rollback --etcd");
    assert_ne!(asked.status, 0);
    for expected in [
        "EVERY WRITE SINCE THEN IS LOST",
        "[upgrade/rollback] etcd gets the data that it had at ",
        "[upgrade/rollback] Are you sure you want to proceed? [y/N]: ",
    ] {
        assert!(
            asked.printed().contains(expected),
            "{expected}\n{}",
            asked.printed()
        );
    }
    assert_eq!(written(&cluster), "x", "nothing was done");
    cluster
        .upgrade(&root, "rollback --etcd --yes --dry-run")
        .expect_success();
    assert_eq!(written(&cluster), "x", "a dry run changes nothing");
    let output = cluster
        .upgrade(&root, "rollback --etcd --yes")
        .expect_success();
    assert!(written(&cluster).is_null(), "{output}");
    assert_eq!(image(&root, "etcd"), old);
    for component in &COMPONENTS[1..] {
        assert!(image(&root, component).ends_with(OLD), "{component}");
    }
    assert_eq!(cluster.document("kubelet-config", "kubelet"), before);
    let configuration = cluster.document("kubeadm-config", "ClusterConfiguration");
    assert_eq!(configuration["kubernetesVersion"], OLD);
    expect_mirrors(&cluster, &root, "control-plane-1", &output);
    cluster.apply("").expect_success();
    assert!(image(&root, "kube-apiserver").ends_with(NEW));
}

#[test]
fn a_rollback_with_etcd_works_while_no_api_server_answers() {
    let cluster = Cluster::of_one();
    let root = cluster.root();
    cluster.apply("").expect_success();
    let member = root.join("var/lib/etcd/member");
    fs::create_dir_all(&member).unwrap();
    fs::write(member.join("damaged"), "").unwrap();
    let without = cluster.upgrade(&root, "rollback --yes");
    assert_ne!(without.status, 0, "{}", without.printed());
    let output = cluster
        .upgrade(&root, "rollback --etcd --yes")
        .expect_success();
    let line = "[upgrade/rollback] No API server answers; the configuration of the cluster is the \
                one that the upgrade kept";
    assert!(output.contains(line), "{output}");
    assert!(image(&root, "kube-apiserver").ends_with(OLD));
    expect_mirrors(&cluster, &root, "control-plane-1", &output);
}

#[test]
fn data_of_etcd_go_back_only_where_that_is_sound() {
    let cluster = Cluster::of_one();
    cluster.apply("--etcd-upgrade=false").expect_success();
    let refused = cluster.upgrade(&cluster.root(), "rollback --etcd --yes");
    assert_ne!(refused.status, 0);
    let expected = "--etcd: the last upgrade of this machine made no copy of etcd's data";
    assert!(
        refused.printed().contains(expected),
        "{}",
        refused.printed()
    );
    let cluster = Cluster::of_three();
    cluster.apply("").expect_success();
    let refused = cluster.upgrade(&cluster.root(), "rollback --etcd --yes");
    assert_ne!(refused.status, 0);
    for expected in [
        "--etcd: etcd has 2 members (control-plane-1, control-plane-2)",
        "restore the same snapshot with `etcdutl snapshot restore`",
    ] {
        assert!(
            refused.printed().contains(expected),
            "{}",
            refused.printed()
        );
    }
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(NEW));
}
