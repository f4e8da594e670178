//! `join` under the name `kubeadm`.
use crate::{Callers, has_no_cluster};
use std::time::{Duration, Instant};

/// kubeadm checks the node before it looks for the cluster: a server that never answers does not
/// keep a machine waiting that cannot join.
#[test]
fn a_node_is_checked_before_its_cluster_is_sought() {
    if !has_no_cluster() {
        return;
    }
    let callers = Callers::with_link();
    let began = Instant::now();
    for options in [
        "--dry-run",
        "--dry-run --control-plane --apiserver-advertise-address=192.0.2.2",
    ] {
        let output = callers.call(&join_line(options));
        if output.stderr.contains("[ERROR ") {
            assert_eq!(output.status, 1, "{options}: {}", output.stderr);
            assert_eq!(output.stdout, "[preflight] Running pre-flight checks\n");
            assert!(
                output
                    .stderr
                    .contains("[preflight] Some fatal errors occurred:"),
                "{}",
                output.stderr
            );
            assert!(!output.stderr.contains("API Server"), "{}", output.stderr);
        }
        let wrong = callers.call(&join_line(&format!(
            "{options} --control-plane \
            --apiserver-advertise-address=nonsense"
        )));
        assert_eq!(wrong.status, 1);
        assert!(
            wrong.stderr.contains("must be ipv4 or ipv6 address"),
            "{}",
            wrong.stderr
        );
    }
    assert!(began.elapsed() < Duration::from_secs(60));
}

/// Returns a command line that joins a cluster whose servers do not answer.
fn join_line(options: &str) -> String {
    format!(
        "join 127.0.0.1:1 --token abcdef.0123456789abcdef \
         --discovery-token-unsafe-skip-ca-verification --cri-socket unix:///none {options}"
    )
}

#[test]
fn a_cluster_that_does_not_answer_is_the_error_where_no_check_of_the_node_fails() {
    if !has_no_cluster() {
        return;
    }
    let callers = Callers::with_link();
    callers.write(
        "join.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ntimeouts: {discovery: 0s}\n\
         discovery: {bootstrapToken: {apiServerEndpoint: '127.0.0.1:1', \
         token: abcdef.0123456789abcdef, unsafeSkipCAVerification: true}}\n",
    );
    for (options, stdout) in [
        (
            "--ignore-preflight-errors=all",
            "[preflight] Running pre-flight checks\n",
        ),
        (
            "--ignore-preflight-errors=all --skip-phases=preflight/images",
            "[preflight] Running pre-flight checks\n",
        ),
        ("--skip-phases=preflight", ""),
    ] {
        let output = callers.call(&format!("join --dry-run --config join.yaml {options}"));
        assert_eq!(output.status, 1, "{options}: {}", output.stderr);
        assert_eq!(output.stdout, stdout, "{options}");
        assert!(
            output.stderr.contains("error execution phase ")
                && output
                    .stderr
                    .contains(": couldn't validate the identity of the API Server: "),
            "{options}: {}",
            output.stderr
        );
    }
}

/// kubeadm finds the cluster of these phases only by the admin's kubeconfig, even if the file says
/// where the cluster is.
#[test]
fn phases_without_flags_of_discovery_need_the_kubeconfig_of_the_admin() {
    if !has_no_cluster() {
        return;
    }
    let callers = Callers::with_link();
    callers.write(
        "join.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ncontrolPlane: {}\n\
         discovery: {bootstrapToken: {apiServerEndpoint: '127.0.0.1:1', \
         token: abcdef.0123456789abcdef, unsafeSkipCAVerification: true}}\n\
         timeouts: {discovery: 0s}\n",
    );
    for (phase, is_refused) in [
        ("control-plane-prepare control-plane", true),
        ("etcd-join", true),
        ("kubelet-wait-bootstrap", true),
        ("control-plane-join all", true),
        ("control-plane-prepare kubeconfig", false),
        ("kubelet-start", false),
    ] {
        let line = format!("join phase {phase} --dry-run --config join.yaml");
        let output = callers.call(&line);
        assert_eq!(output.status, 1, "{line}: {}", output.stderr);
        assert_eq!(
            output
                .stderr
                .contains("File /etc/kubernetes/admin.conf does not exists"),
            is_refused,
            "{line}: {}",
            output.stderr
        );
    }
}
