//! `join --dry-run` against a cluster that would accept, or refuse, the node.
use crate::inviting_cluster::InvitingCluster;
use harness::RehearsedCluster;
use kubephase_wit::ObjectRef;
use std::path::Path;

/// Returns the names of the cluster's nodes and certificate requests. The flags say which files of
/// a join are on this machine.
fn state_of(root: &Path) -> (Vec<String>, Vec<String>, [bool; 3]) {
    let cluster = RehearsedCluster::read(root);
    (
        cluster.names("/nodes"),
        cluster.names("certificates.k8s.io/certificatesigningrequests"),
        ["bootstrap-kubelet.conf", "kubelet.conf", "pki/ca.crt"]
            .map(|name| Path::new("/etc/kubernetes").join(name).exists()),
    )
}

/// A dry run of a join goes to its end with the answers of the cluster.
#[test]
fn a_dry_run_of_a_join_changes_nothing_and_fails_if_the_cluster_would_refuse() {
    let cluster = InvitingCluster::start();
    let InvitingCluster {
        token, pin, folder, ..
    } = &cluster;
    let root = folder.path().join("root");
    let before = state_of(&root);
    let output = cluster.join(token, pin, token);
    assert_eq!(output.status, 0, "{}", output.printed());
    for line in [
        "[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap",
        "This node has joined the cluster",
    ] {
        assert!(output.stdout.contains(line), "{line}: {}", output.stdout);
    }
    assert_eq!(state_of(&root), before);

    let binding = ObjectRef::cluster_scoped(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        "kubeadm:kubelet-bootstrap",
    );
    cluster.as_admin(|api| api.delete(&binding, None));
    let output = cluster.join(token, pin, token);
    assert_eq!(output.status, 5, "{}", output.printed());
    assert!(
        output
            .stderr
            .contains("cannot create resource \"certificatesigningrequests\""),
        "{}",
        output.stderr
    );
}

/// A dry run of a member of the control plane shows everything, without etcd and without the shared
/// keys. It never waits for a program that it does not start. A check that asks for the keys still
/// fails.
#[test]
fn a_dry_run_of_a_control_plane_needs_no_etcd_and_no_shared_keys() {
    let cluster = InvitingCluster::start();
    let root = cluster.folder.path().join("root");
    let before = state_of(&root);
    for (command, status, stdout, stderr) in [
        (
            &["--skip-phases", "preflight"][..],
            0,
            "This node has joined the cluster",
            "whether this machine can join the control plane",
        ),
        (
            &["phase", "control-plane-prepare", "certs"],
            0,
            "Generating \"apiserver\" certificate and key",
            "/etc/kubernetes/pki/sa.key are missing here",
        ),
        (
            &[
                "--skip-phases",
                "preflight,control-plane-prepare,kubelet-start,control-plane-join,\
                 kubelet-wait-bootstrap,wait-control-plane",
            ],
            0,
            "Would wait for the etcd member",
            "whether the etcd cluster is healthy",
        ),
        (&[], 5, "", "/etc/kubernetes/pki/ca.crt is missing"),
    ] {
        let output = cluster.dry_run_of_control_plane(command);
        assert_eq!(output.status, status, "{command:?} {}", output.printed());
        assert!(
            output.stdout.contains(stdout) && output.stderr.contains(stderr),
            "{command:?} {}",
            output.printed()
        );
    }
    assert_eq!(state_of(&root), before);
}
