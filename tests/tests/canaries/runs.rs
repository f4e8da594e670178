//! Secrets that are well-formed: a run keeps them to the files and objects that are meant to hold
//! them.
use crate::{
    CERTIFICATE_KEY, PROXY, TOKEN_SECRET, cluster, command,
    search::{assert_clean, assert_tree_clean},
};
use harness::{RehearsedCluster, RunOutput, run, workspace};
use std::{fs, path::Path};

/// Rehearses `init` of this configuration, which has to succeed.
fn rehearse(config: &Path, root: &Path, more: &[&str]) -> RunOutput {
    let node = workspace().join("examples/single-node/node.yaml");
    let output = run(command()
        .args(["rehearse", "--upload-certs", "--config"])
        .arg(config)
        .arg("--node")
        .arg(node)
        .arg("--root")
        .arg(root)
        .args(more));
    assert_eq!(output.status, 0, "{}", output.printed());
    output
}

#[test]
fn only_the_join_command_shows_the_token_and_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let (config, root) = (cluster(folder.path()), folder.path().join("root"));
    let output = rehearse(&config, &root, &["--workers", "1"]);
    assert!(
        output
            .stdout
            .contains(&format!("--token abcdef.{TOKEN_SECRET}"))
            && output.stdout.contains(CERTIFICATE_KEY),
        "{}",
        output.stdout
    );
    let rest = output
        .stdout
        .replace(TOKEN_SECRET, "")
        .replace(CERTIFICATE_KEY, "");
    assert_clean("the output", &rest);
    assert_clean("the messages", &output.stderr);
    assert_tree_clean(&root);
}

#[test]
fn events_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (config, root) = (cluster(folder.path()), folder.path().join("root"));
    let output = rehearse(&config, &root, &["-o", "json"]);
    assert_clean("the events", &output.stdout);
    assert_clean("the messages", &output.stderr);
    assert!(
        output.stdout.contains("--token abcdef.<secret:token-0>"),
        "{}",
        output.stdout
    );
    assert_tree_clean(&root);
}

#[test]
fn pods_of_the_control_plane_and_kube_proxy_get_the_proxies_with_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let (config, root) = (cluster(folder.path()), folder.path().join("root"));
    rehearse(&config, &root, &[]);
    for pod in [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ] {
        let manifest =
            fs::read_to_string(root.join(format!("etc/kubernetes/manifests/{pod}.yaml"))).unwrap();
        assert!(
            manifest.contains(PROXY) && !manifest.contains("canary-cloud"),
            "{manifest}"
        );
    }
    let cluster = RehearsedCluster::read(&root);
    let daemon_set = cluster.objects("apps/daemonsets")["kube-proxy"].to_string();
    assert!(daemon_set.contains(PROXY), "{daemon_set}");
    for (name, object) in cluster.objects("/configmaps") {
        assert_clean(name, &object.to_string());
    }
}

#[test]
fn a_dry_run_writes_secrets_only_where_they_belong() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (cluster(folder.path()), folder.path().join("out"));
    let node = workspace().join("examples/single-node/node.yaml");
    let output = run(command()
        .args(["init", "--dry-run", "-o", "json", "--config"])
        .arg(&config)
        .arg("--node")
        .arg(node)
        .arg("--out")
        .arg(&out));
    assert_eq!(output.status, 0, "{}", output.printed());
    assert_clean("the events", &output.stdout);
    assert_clean("the messages", &output.stderr);
    assert_tree_clean(&out.join("files"));
}
