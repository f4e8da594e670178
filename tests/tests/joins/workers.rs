//! Workers: the files and objects that a join leaves on them and in the cluster.
use crate::{PROGRAM, rehearse};
use harness::{RehearsedCluster, kubephase, quick_config, run, workspace};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const REQUESTS: &str = "certificates.k8s.io/certificatesigningrequests";

#[test]
fn workers_join_with_the_command_that_init_prints() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let output = rehearse(&root, "--workers 3");
    assert_eq!(output.status, 0, "{}", output.printed());
    assert_eq!(
        output.stdout.matches(" joined in ").count(),
        3,
        "{}",
        output.stdout
    );
    let cluster = RehearsedCluster::read(&root);
    let nodes: Vec<&str> = cluster.objects("/nodes").into_keys().collect();
    assert_eq!(
        nodes[nodes.len() - 3..],
        ["worker-1", "worker-2", "worker-3"]
    );
    let requests = cluster.objects(REQUESTS);
    assert_eq!(requests.len(), 3);
    for request in requests.values() {
        assert_eq!(request["status"]["conditions"][0]["type"], "Approved");
        assert!(
            request["spec"]["username"]
                .as_str()
                .unwrap()
                .starts_with("system:bootstrap:"),
            "{request}"
        );
    }
    let token = output.stdout.split("--token ").nth(1).unwrap();
    let token = token.split_whitespace().next().unwrap();
    for number in 1..=3 {
        expect_worker(&root, &root.join(format!("nodes/worker-{number}")), token);
    }
}

/// Checks the files of a worker that joined the cluster at `root` with this token.
fn expect_worker(root: &Path, node: &Path, token: &str) {
    let authority = fs::read(root.join("etc/kubernetes/pki/ca.crt")).unwrap();
    let kubernetes = node.join("etc/kubernetes");
    assert_eq!(fs::read(kubernetes.join("pki/ca.crt")).unwrap(), authority);
    assert!(
        !kubernetes.join("bootstrap-kubelet.conf").exists(),
        "the file with the token is deleted"
    );
    assert!(
        !kubernetes.join("manifests").exists() && !kubernetes.join("admin.conf").exists(),
        "it is a worker"
    );
    let pem = node.join("var/lib/kubelet/pki/kubelet-client-current.pem");
    assert_eq!(
        fs::metadata(&pem).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let journal = fs::read_to_string(node.join("var/lib/kubephase/journal-000001.jsonl")).unwrap();
    assert!(!journal.contains(token) && journal.contains("\"workflow\":\"join\""));
}

/// In releases that keep the socket of the container runtime in the cluster, the Node of a worker
/// has it, unless the gate of newer releases is on.
#[test]
fn workers_of_older_releases_say_where_their_runtime_is() {
    const ANNOTATION: &str = "kubeadm.alpha.kubernetes.io/cri-socket";
    for (version, gates, is_annotated) in [
        ("v1.33.5", "", true),
        (
            "v1.33.5",
            "featureGates: {NodeLocalCRISocket: true}\n",
            false,
        ),
        ("v1.35.1", "", false),
        (
            "v1.35.1",
            "featureGates: {NodeLocalCRISocket: false}\n",
            true,
        ),
        ("v1.36.2", "", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("cluster");
        let config = root.with_extension("yaml");
        quick_config(&config, gates);
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains("v1.36.2"), "{text}");
        fs::write(&config, text.replace("v1.36.2", version)).unwrap();
        let node = folder.path().join("node.yaml");
        let example = workspace().join("examples/single-node/node.yaml");
        let text = fs::read_to_string(example).unwrap();
        fs::write(&node, text.replace("v1.36.2", version)).unwrap();
        let output = run(kubephase(PROGRAM)
            .args(["rehearse", "--workers", "1", "--config"])
            .arg(&config)
            .arg("--node")
            .arg(&node)
            .arg("--root")
            .arg(&root));
        assert_eq!(output.status, 0, "{}", output.printed());
        let cluster = RehearsedCluster::read(&root);
        let nodes = cluster.objects("/nodes");
        let annotation = &nodes["worker-1"]["metadata"]["annotations"][ANNOTATION];
        assert_eq!(annotation.is_string(), is_annotated, "{version} {gates}");
    }
}

#[test]
fn a_worker_that_joins_again_keeps_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    assert_eq!(rehearse(&root, "--workers 1").status, 0);
    let pem = root.join("nodes/worker-1/var/lib/kubelet/pki/kubelet-client-current.pem");
    let before = fs::read(&pem).unwrap();
    let output = rehearse(&root, "--workers 2");
    assert_eq!(output.status, 0, "{}", output.printed());
    assert_eq!(fs::read(&pem).unwrap(), before, "it keeps its certificate");
    assert_eq!(RehearsedCluster::read(&root).objects(REQUESTS).len(), 2);
}

/// Such a machine may be left by a reset that was killed before its end.
#[test]
fn a_first_machine_without_its_kubelet_begins_another_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    assert_eq!(rehearse(&root, "--workers 1").status, 0);
    for path in ["var/lib/kubelet", "etc/kubernetes"] {
        fs::remove_dir_all(root.join(path)).unwrap();
    }
    assert_eq!(rehearse(&root, "").status, 0);
    assert_eq!(RehearsedCluster::read(&root).names("/nodes"), ["node-1"]);
}
