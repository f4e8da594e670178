//! A reset undoes the effects that the journals of earlier runs record.
use crate::{files, rehearse_with, reset, tree};
use std::fs;

/// A dry run says what it would do, in kubeadm's words.
#[test]
fn a_dry_run_says_what_it_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse_with(&root, "");
    let dry = reset(&root, "--dry-run --cleanup-tmp-dir");
    assert_eq!(dry.status, 0, "{}", dry.stderr);
    let said: Vec<&str> = dry
        .stdout
        .lines()
        .filter(|line| line.starts_with("[dryrun] Would "))
        .collect();
    let mut rest = said.iter();
    for expected in [
        "[dryrun] Would remove the etcd member on this node from the etcd cluster",
        "[dryrun] Would delete contents of the etcd data directory: /var/lib/etcd",
        "[dryrun] Would stop the kubelet service",
        "[dryrun] Would unmount mounted directories in \"/var/lib/kubelet\"",
        "[dryrun] Would remove Kubernetes-managed containers",
        "[dryrun] Would delete files that earlier runs made, according to their journals: [",
        "[dryrun] Would delete contents of directories: [/etc/kubernetes/manifests \
         /etc/kubernetes/pki /etc/kubernetes/tmp]",
        "[dryrun] Would delete files: [/etc/kubernetes/admin.conf ",
    ] {
        assert!(
            rest.any(|line| line.starts_with(expected)),
            "{expected} in {said:#?}"
        );
    }
    for words in ["Stopping", "Unmounting", "Deleting", "Deleted"] {
        assert!(!dry.stdout.contains(words), "{}", dry.stdout);
    }
    let output = reset(&root, "--force");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        !output.stdout.contains("[dryrun]")
            && output.stdout.contains(
                "[reset] Deleting contents of directories: [/etc/kubernetes/manifests \
                 /var/lib/kubelet /etc/kubernetes/pki]"
            ),
        "{}",
        output.stdout
    );
}

/// Journals record the files that runs made, in any directory. Files that existed before a run, or
/// were made later by others, stay.
#[test]
fn files_that_runs_made_elsewhere_are_removed_by_their_journals() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse_with(&root, "certificatesDir: /opt/cluster/pki\n");
    let (authority, mine) = (
        root.join("opt/cluster/pki/ca.crt"),
        root.join("opt/cluster/pki/mine"),
    );
    assert!(authority.exists());
    fs::write(&mine, "mine").unwrap();
    let dry = reset(&root, "--dry-run -o json");
    assert_eq!(dry.status, 0, "{}", dry.stderr);
    assert!(
        dry.stdout.contains("\"/opt/cluster/pki/ca.crt\"")
            && dry.stdout.contains("init did this, according to journal 1"),
        "{}",
        dry.stdout
    );
    assert!(authority.exists(), "a dry run changes nothing");
    let output = reset(&root, "--force");
    assert_eq!(output.status, 0, "{}", output.stderr);
    let line = output.stdout.lines().find(|line| {
        line.starts_with(
            "[reset] Deleting files that earlier runs made, according to their journals: [",
        )
    });
    assert!(
        line.is_some_and(|line| line.contains("/opt/cluster/pki/ca.crt")),
        "{}",
        output.stdout
    );
    assert_eq!(files(&root.join("opt")), std::slice::from_ref(&mine));
    assert!(
        !root.join("opt/cluster/pki/etcd").exists(),
        "an empty directory is removed"
    );
    fs::write(&authority, "another's").unwrap();
    assert_eq!(reset(&root, "--force").status, 0);
    assert!(authority.exists(), "a file that came after the reset stays");
    fs::remove_file(authority)
        .and_then(|()| fs::remove_file(mine))
        .unwrap();
    assert_eq!(reset(&root, "--force").status, 0);
    assert!(
        root.join("opt").is_dir() && !root.join("opt/cluster").exists(),
        "only empty directories are removed"
    );
}

/// Returns the line of a journal for an effect on a service.
fn service_effect(target: &str, result: &str) -> String {
    let effect = serde_json::json!({"kind": "service", "target": target, "digest": ""});
    serde_json::json!({
        "at": 1,
        "event": "effect",
        "phase": "p",
        "effect": effect,
        "result": {"enacted": result},
        "micros": 1,
    })
    .to_string()
}

/// A service that ran before the run keeps running.
#[test]
fn services_that_runs_started_or_enabled_are_stopped_and_disabled() {
    let (_folder, root) = tree();
    let state = root.join("var/lib/kubephase");
    let first = fs::read_to_string(state.join("journal-000001.jsonl")).unwrap();
    let lines = [
        first.lines().next().unwrap().to_owned(),
        service_effect("chrony running", "changed"),
        service_effect("chrony enabled", "changed"),
        service_effect("crio running", "unchanged"),
    ];
    fs::write(state.join("journal-000002.jsonl"), lines.join("\n") + "\n").unwrap();
    let output = reset(&root, "--force");
    assert_eq!(output.status, 0, "{}", output.stderr);
    let line = "[reset] Stopping and disabling services that earlier runs started or enabled, \
        according to their journals: [chrony disabled chrony stopped]";
    assert!(output.stdout.contains(line), "{}", output.stdout);
    assert!(
        !reset(&root, "--force").stdout.contains("chrony"),
        "services are stopped once"
    );
}
