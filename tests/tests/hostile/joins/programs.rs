//! Programs that a kubeconfig names for its credentials.
use crate::{
    joins::joining_node::{JoiningNode, text},
    support::namespace,
};
use serde_json::json;
use std::fs;

/// The phase asks the cluster whether another node has the name, as the user of the kubeconfig.
#[test]
fn the_program_of_a_discovery_file_runs_if_the_operator_names_the_file() {
    if !namespace::is_possible() {
        return;
    }
    let joining = JoiningNode::start();
    let (kubeconfig, calls) = joining.kubeconfig_with_program();
    let arguments = [
        "join",
        "phase",
        "kubelet-start",
        "--discovery-file",
        text(&kubeconfig),
    ];
    let result = namespace::run(&joining.node, None, &arguments).expect_status(0);
    assert!(calls.exists(), "{}", result.output());
    assert!(
        joining
            .node
            .programs
            .calls()
            .iter()
            .any(|call| call[0] == "systemctl" && call.contains(&"kubelet".to_owned()))
    );
}

#[test]
fn the_program_of_a_discovery_file_does_not_run_for_a_configuration_or_a_dry_run() {
    if !namespace::is_possible() {
        return;
    }
    let joining = JoiningNode::start();
    let (kubeconfig, calls) = joining.kubeconfig_with_program();
    let config = joining.node.folder().join("join.yaml");
    let discovery = json!({"file": {"kubeConfigPath": kubeconfig}});
    let document = json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "JoinConfiguration",
        "discovery": discovery,
    });
    fs::write(&config, document.to_string()).unwrap();
    for arguments in [
        &["join", "--config", text(&config)][..],
        &["join", "--dry-run", "--discovery-file", text(&kubeconfig)],
    ] {
        let arguments = [arguments, &["--ignore-preflight-errors=all"]].concat();
        let result = namespace::run(&joining.node, None, &arguments);
        assert!(
            result.status != 0 && result.output().contains("may name a program to run"),
            "{arguments:?}: {}",
            result.output()
        );
        assert!(!calls.exists(), "{arguments:?}");
    }
}
