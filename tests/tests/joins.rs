//! Machines join the rehearsed cluster: discovery, TLS bootstrap and registration against the
//! embedded API server, and for members of the control plane the membership of etcd.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Kept, Said, kubephase, run, workspace};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

const REQUESTS: &str = "certificates.k8s.io/certificatesigningrequests";

fn rehearse(root: &Path, line: &str) -> Said {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    if !config.exists() {
        let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
        fs::write(
            &config,
            text.replace(
                "networking:",
                "encryptionAlgorithm: ECDSA-P256\nnetworking:",
            ),
        )
        .unwrap();
    }
    let node = example.join("node.yaml");
    let mut command = kubephase(PROGRAM);
    command
        .arg("rehearse")
        .args(line.split_whitespace())
        .arg("--config")
        .arg(config)
        .arg("--node")
        .arg(node)
        .arg("--root")
        .arg(root);
    run(&mut command)
}

/// A cluster that others can join as members of its control plane.
fn with_endpoint(root: &Path) {
    let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
    fs::write(root.with_extension("yaml"), text).unwrap();
}

#[test]
fn workers_join_by_what_init_tells_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let said = rehearse(&root, "--workers 3");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(
        said.stdout.matches(" joined in ").count(),
        3,
        "{}",
        said.stdout
    );
    let kept = Kept::below(&root);
    let nodes: Vec<&str> = kept.objects("/nodes").into_keys().collect();
    assert_eq!(
        nodes[nodes.len() - 3..],
        ["worker-1", "worker-2", "worker-3"]
    );
    let requests = kept.objects(REQUESTS);
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
    let authority = fs::read(root.join("etc/kubernetes/pki/ca.crt")).unwrap();
    for number in 1..=3 {
        let node = root.join(format!("nodes/worker-{number}"));
        let kubernetes = node.join("etc/kubernetes");
        assert_eq!(fs::read(kubernetes.join("pki/ca.crt")).unwrap(), authority);
        assert!(
            !kubernetes.join("bootstrap-kubelet.conf").exists(),
            "the token is not left lying about"
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
        let journal =
            fs::read_to_string(node.join("var/lib/kubephase/journal-000001.jsonl")).unwrap();
        let token = said
            .stdout
            .split("--token ")
            .nth(1)
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap();
        assert!(!journal.contains(token) && journal.contains("\"workflow\":\"join\""));
    }
}

#[test]
fn who_joined_joins_again_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    assert_eq!(rehearse(&root, "--workers 1").status, 0);
    let pem = root.join("nodes/worker-1/var/lib/kubelet/pki/kubelet-client-current.pem");
    let before = fs::read(&pem).unwrap();
    let said = rehearse(&root, "--workers 2");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(fs::read(&pem).unwrap(), before, "it keeps its certificate");
    assert_eq!(Kept::below(&root).objects(REQUESTS).len(), 2);
}

/// As a reset leaves it that is killed before its end.
#[test]
fn a_first_machine_without_its_kubelet_begins_another_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    assert_eq!(rehearse(&root, "--workers 1").status, 0);
    for gone in ["var/lib/kubelet", "etc/kubernetes"] {
        fs::remove_dir_all(root.join(gone)).unwrap();
    }
    assert_eq!(rehearse(&root, "").status, 0);
    assert_eq!(
        Kept::below(&root)
            .objects("/nodes")
            .into_keys()
            .collect::<Vec<_>>(),
        ["node-1"]
    );
}

#[test]
fn control_planes_join_with_a_member_of_etcd_each() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    with_endpoint(&root);
    let said = rehearse(&root, "--control-planes 3 --workers 2");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(
        said.stdout.matches(" joined in ").count(),
        4,
        "{}",
        said.stdout
    );
    let kept = Kept::below(&root);
    let member = |member: &Value| {
        (
            member["name"].as_str().unwrap().to_owned(),
            member["learner"].as_bool().unwrap(),
        )
    };
    let mut members: Vec<(String, bool)> = kept.members.iter().map(member).collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [1, 2, 3].map(|number| (format!("control-plane-{number}"), false)),
        "each has a vote"
    );
    let nodes = kept.objects("/nodes");
    for number in 1..=3 {
        let labels = &nodes[format!("control-plane-{number}").as_str()]["metadata"]["labels"];
        assert!(
            labels
                .get("node-role.kubernetes.io/control-plane")
                .is_some(),
            "{labels}"
        );
    }
    for worker in ["worker-1", "worker-2"] {
        assert!(
            nodes[worker]["metadata"]["labels"]
                .get("node-role.kubernetes.io/control-plane")
                .is_none()
        );
    }
    for number in [2, 3] {
        let node = root.join(format!("nodes/control-plane-{number}"));
        let read = |path: &str| {
            fs::read_to_string(node.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let etcd = read("etc/kubernetes/manifests/etcd.yaml");
        assert!(
            etcd.contains("--initial-cluster-state=existing")
                && etcd.contains("control-plane-1=https://192.0.2.2:2380"),
            "{etcd}"
        );
        let own = format!("https://198.19.0.{number}:6443");
        assert!(
            read("etc/kubernetes/kubelet.conf").contains(&own),
            "its kubelet talks to its own API server"
        );
        assert!(!node.join("etc/kubernetes/bootstrap-kubelet.conf").exists());
        for name in ["ca.key", "sa.key", "front-proxy-ca.key", "etcd/ca.key"] {
            assert_eq!(
                read(&format!("etc/kubernetes/pki/{name}")),
                fs::read_to_string(root.join("etc/kubernetes/pki").join(name)).unwrap()
            );
        }
    }
}

/// Where everybody would talk to the first machine, another is of no use (kubeadm behaviour).
#[test]
fn a_cluster_without_an_endpoint_of_its_own_takes_no_other_control_plane() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let said = rehearse(&root, "--control-planes 2");
    assert_ne!(said.status, 0);
    assert!(
        said.stderr
            .contains("doesn't have a stable controlPlaneEndpoint address"),
        "{}",
        said.stderr
    );
    assert_eq!(Kept::below(&root).members.len(), 1);
}

#[test]
fn a_control_plane_that_is_reset_leaves_etcd_and_may_join_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    with_endpoint(&root);
    assert_eq!(rehearse(&root, "--control-planes 3").status, 0);
    let before = Kept::below(&root).members;
    let node = root.join("nodes/control-plane-2");
    let reset = |more: &str| {
        run(kubephase(PROGRAM)
            .args(["reset", "--force"])
            .args(more.split_whitespace())
            .arg("--root")
            .arg(&node))
    };
    let dry = reset("--dry-run");
    assert_eq!(dry.status, 0, "{}{}", dry.stdout, dry.stderr);
    assert_eq!(
        Kept::below(&root).members,
        before,
        "a dry run changes nothing"
    );
    let said = reset("");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert!(
        said.stdout
            .contains("[reset] Deleted contents of the etcd data directory: /var/lib/etcd"),
        "{}",
        said.stdout
    );
    let names = |members: &[Value]| {
        let mut names: Vec<String> = members
            .iter()
            .map(|member| member["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names(&Kept::below(&root).members),
        ["control-plane-1", "control-plane-3"]
    );
    assert!(!node.join("etc/kubernetes/admin.conf").exists());
    let said = rehearse(&root, "--control-planes 3");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let members = Kept::below(&root).members;
    assert_eq!(names(&members), names(&before));
    assert!(
        members.iter().all(|member| member["learner"] == false),
        "each has a vote again"
    );
}

/// As a machine comes back whose disk was erased.
#[test]
fn a_control_plane_that_forgot_its_etcd_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    with_endpoint(&root);
    assert_eq!(rehearse(&root, "--control-planes 3").status, 0);
    let node = root.join("nodes/control-plane-3");
    fs::remove_dir_all(&node).unwrap();
    let said = rehearse(&root, "--control-planes 3");
    assert_eq!(said.status, 5, "{}{}", said.stdout, said.stderr);
    for told in [
        "control-plane-3  failed in check-etcd",
        "etcd has the member \"control-plane-3\" at https://",
        "member remove ",
    ] {
        assert!(said.stdout.contains(told), "{told}: {}", said.stdout);
    }
    for path in [
        "var/lib/kubelet/config.yaml",
        "etc/kubernetes/bootstrap-kubelet.conf",
        "etc/kubernetes/manifests/etcd.yaml",
    ] {
        assert!(!node.join(path).exists(), "{path}");
    }
}

#[test]
fn a_control_plane_that_joined_joins_again_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    with_endpoint(&root);
    assert_eq!(rehearse(&root, "--control-planes 2").status, 0);
    let before = Kept::below(&root).members;
    let said = rehearse(&root, "--control-planes 2");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(Kept::below(&root).members, before);
    let journal = fs::read_to_string(
        root.join("nodes/control-plane-2/var/lib/kubephase/journal-000002.jsonl"),
    )
    .unwrap();
    let changed: Vec<&str> = journal
        .lines()
        .filter(|line| line.contains("{\"enacted\":\"changed\"}"))
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
}
