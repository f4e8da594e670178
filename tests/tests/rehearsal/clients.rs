//! Real clients of the rehearsed API server.
use crate::{PROGRAM, example, write_config};
use harness::{ServingRehearsal, has_program, kubephase, run};
use std::process::Command;

#[test]
fn kubectl_gets_exactly_what_rbac_allows() {
    if !has_program("kubectl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), write_config(folder.path()));
    let mut serving = kubephase(PROGRAM);
    serving
        .args([
            "rehearse",
            "--config",
            &config,
            "--node",
            &example("single-node/node.yaml"),
            "--serve",
            "--root",
        ])
        .arg(&root);
    let server = ServingRehearsal::start(&mut serving);
    let [objects, rights, secrets, nodes] = [
        ("admin", "get all -A"),
        ("admin", "auth can-i * *"),
        ("scheduler", "get secrets -A"),
        ("kubelet", "get nodes"),
    ]
    .map(|(user, line)| {
        run(Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(root.join(format!("var/lib/kubephase/serve/{user}.conf")))
            .args(line.split(' ')))
    });
    drop(server);
    assert!(
        objects.status == 0
            && objects.stdout.contains("deployment.apps/coredns")
            && objects.stdout.contains("pod/etcd-node-1"),
        "{}",
        objects.printed()
    );
    assert_eq!(rights.stdout.trim(), "yes", "{}", rights.stderr);
    assert!(
        secrets
            .stderr
            .contains("User \"system:kube-scheduler\" cannot list resource \"secrets\""),
        "{}",
        secrets.stderr
    );
    assert!(nodes.stdout.contains("control-plane"), "{}", nodes.stderr);
}
