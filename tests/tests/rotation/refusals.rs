//! Runs that are refused, each with what to do.
use crate::Cluster;
use harness::RunOutput;
use std::{fs, path::Path};

/// Checks that a run was refused with these texts.
#[track_caller]
fn expect_refusal(output: &RunOutput, texts: &[&str]) {
    let printed = format!("{}{}", output.stdout, output.stderr);
    assert_ne!(output.status, 0, "{printed}");
    // The program wraps long lines.
    let words: Vec<&str> = printed.split_whitespace().collect();
    let printed = words.join(" ");
    for text in texts {
        assert!(printed.contains(text), "{text}: {printed}");
    }
}

fn content(tree: &Path, name: &str) -> Vec<u8> {
    fs::read(tree.join("etc/kubernetes").join(name)).unwrap()
}

#[test]
fn a_stage_is_refused_before_its_time() {
    let cluster = Cluster::copied();
    let (first, second, worker) = (cluster.first(), cluster.second(), cluster.worker());
    let none = "no exchange of the cluster's authority is under way";
    for (tree, line) in [
        (&first, "--stage reissue"),
        (&first, "--stage drop"),
        (&worker, ""),
    ] {
        expect_refusal(
            &cluster.rotate(tree, line),
            &[none, "certs rotate-ca --stage trust"],
        );
    }
    cluster.rotate(&first, "").expect_success();
    let missing = "these nodes are not: control-plane-2, worker-1";
    expect_refusal(
        &cluster.rotate(&first, ""),
        &[missing, "kubephase certs rotate-ca"],
    );
    expect_refusal(
        &cluster.rotate(&first, "--stage drop"),
        &["the stage drop is refused: this node is not ready for it; its next stage is reissue"],
    );
    expect_refusal(
        &cluster.rotate(&second, ""),
        &[
            "this node does not have the key of the new authority",
            "--stage trust",
        ],
    );
    // The first control plane prints the command for the others again.
    let again = cluster.rotate(&first, "--stage trust").expect_success();
    assert!(again.contains("--certificate-key"), "{again}");
    cluster.rotate(&worker, "").expect_success();
    expect_refusal(
        &cluster.rotate(&first, ""),
        &["these nodes are not: control-plane-2 "],
    );
    expect_refusal(
        &cluster.rotate(&worker, "--stage drop"),
        &["its next stage is reissue"],
    );
}

#[test]
fn a_worker_waits_for_the_control_planes() {
    let cluster = Cluster::copied();
    cluster.trust_both();
    let before = content(&cluster.worker(), "kubelet.conf");
    expect_refusal(
        &cluster.rotate(&cluster.worker(), ""),
        &[
            "signed the kubelet's certificate with the old authority",
            "on every control plane",
        ],
    );
    assert_eq!(content(&cluster.worker(), "kubelet.conf"), before);
    cluster.go_through("reissue");
    expect_refusal(
        &cluster.rotate(&cluster.worker(), ""),
        &["ready for the stage drop, which a control plane begins"],
    );
}

#[test]
fn an_authority_that_is_kept_elsewhere_is_not_exchanged() {
    let cluster = Cluster::copied();
    fs::remove_file(cluster.first().join("etc/kubernetes/pki/ca.key")).unwrap();
    expect_refusal(
        &cluster.rotate(&cluster.first(), ""),
        &[
            "the authority is kept elsewhere",
            "Manual Rotation of CA Certificates",
        ],
    );
}

/// An upgrade, its rollback and a changed configuration write the static Pods as they are without
/// an exchange.
#[test]
fn nothing_else_writes_static_pods_before_the_exchange_is_over() {
    let cluster = Cluster::copied();
    let (first, worker) = (cluster.first(), cluster.worker());
    cluster.rotate(&first, "etcd-ca").expect_success();
    let before = content(&first, "manifests/etcd.yaml");
    let run_in = |tree: &Path, line: &str| {
        let words = line.split_whitespace();
        harness::run(
            harness::kubephase(crate::PROGRAM)
                .args(words)
                .arg("--root")
                .arg(tree),
        )
    };
    for line in [
        "apply --yes --ignore-preflight-errors=ControlPlaneNodesReady",
        "upgrade apply v1.36.2 --yes --ignore-preflight-errors=ControlPlaneNodesReady",
        "upgrade apply phase control-plane v1.36.2",
        "upgrade node --ignore-preflight-errors=all",
        "upgrade rollback --yes",
        "upgrade rollback --yes --etcd",
    ] {
        expect_refusal(
            &run_in(&first, line),
            &[
                "the authority etcd-ca is being exchanged on this machine",
                "kubephase certs rotate-ca etcd-ca",
            ],
        );
        assert_eq!(content(&first, "manifests/etcd.yaml"), before, "{line}");
    }
    // A worker has no static Pods, and no part in the exchange of this authority.
    run_in(&worker, "upgrade node").expect_success();
}

#[test]
fn a_dry_run_changes_nothing() {
    let cluster = Cluster::copied();
    let first = cluster.first();
    let names = [
        "pki/ca.crt",
        "admin.conf",
        "manifests/kube-controller-manager.yaml",
    ];
    let before = names.map(|name| content(&first, name));
    let output = cluster.rotate(&first, "--dry-run").expect_success();
    assert!(output.contains("Stage \"trust\""), "{output}");
    assert_eq!(names.map(|name| content(&first, name)), before);
    assert!(!first.join("etc/kubernetes/pki/ca-next.key").exists());
    cluster.rotate(&first, "").expect_success();
}
