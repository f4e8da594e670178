//! Servers and files that are not trusted: no program that they name is run, a key that does not
//! belong to its authority signs nothing, and nothing is read without a limit.

mod discovery;
mod serving;

use crate::support::Trial;
use serde_json::{Value, json};
use std::{fs, path::Path};

#[test]
fn a_key_that_does_not_belong_to_its_authority_signs_nothing() {
    let (one, other) = (Trial::check(), Trial::check());
    for trial in [&one, &other] {
        trial.write_config();
        trial
            .run_in_place(&["init", "phase", "certs", "ca"])
            .expect_status(0);
    }
    fs::copy(
        other.on_node("/etc/kubernetes/pki/ca.key"),
        one.on_node("/etc/kubernetes/pki/ca.key"),
    )
    .unwrap();
    let result = one.run_in_place(&["init", "phase", "certs", "apiserver"]);
    assert_ne!(result.status, 0, "{}", result.output());
    assert!(
        !one.on_node("/etc/kubernetes/pki/apiserver.crt").exists(),
        "a certificate was signed"
    );
    assert!(result.output().contains("ca.key"), "{}", result.output());
}

/// Returns a kubeconfig whose credentials come from a program that makes this file.
pub fn kubeconfig_that_runs(file: &Path) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.2:6443"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "/usr/bin/touch",
            "args": [file],
            "interactiveMode": "Never",
        }}}],
    })
}

#[test]
fn a_kubeconfig_in_a_tree_runs_no_program() {
    let trial = Trial::check();
    let marker = trial.folder().join("ran");
    let kubeconfig = kubeconfig_that_runs(&marker);
    for name in [
        "admin.conf",
        "super-admin.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
        "controller-manager.conf",
        "scheduler.conf",
    ] {
        trial.put(
            &format!("/etc/kubernetes/{name}"),
            kubeconfig.to_string(),
            0o600,
        );
    }
    trial.rehearse_without_plugin();
    trial.run(&["reset", "--force", "--root", "root"]);
    assert!(!marker.exists(), "a program of the tree ran");
}
