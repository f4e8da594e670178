//! Workers join the rehearsed cluster: discovery, TLS bootstrap and registration against the embedded API server.
#![allow(clippy::disallowed_methods, reason = "tests look at files and run programs")]
use harness::{Said, kubephase, run, workspace};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

fn rehearse(root: &Path, workers: &str) -> Said {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
    fs::write(&config, text.replace("networking:", "encryptionAlgorithm: ECDSA-P256\nnetworking:")).unwrap();
    let node = example.join("node.yaml");
    run(kubephase(PROGRAM).args(["rehearse", "--workers", workers, "--config"]).arg(config).arg("--node").arg(node).arg("--root").arg(root))
}

/// Objects of a kind in the cluster that a rehearsal left.
fn objects(root: &Path, kind: &str) -> Vec<Value> {
    fn collect(value: &Value, kind: &str, found: &mut Vec<Value>) {
        match value {
            Value::Object(fields) if value["kind"] == kind && fields.contains_key("metadata") => found.push(value.clone()),
            Value::Object(fields) => fields.values().for_each(|value| collect(value, kind, found)),
            Value::Array(items) => items.iter().for_each(|value| collect(value, kind, found)),
            _ => {}
        }
    }
    let text = fs::read_to_string(root.join("var/lib/kubephase/cluster.json")).unwrap();
    let mut found = Vec::new();
    collect(&serde_json::from_str(&text).unwrap(), kind, &mut found);
    found
}

#[test]
fn workers_join_by_what_init_tells_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    let said = rehearse(&root, "3");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(said.stdout.matches(" joined in ").count(), 3, "{}", said.stdout);
    let mut nodes: Vec<String> = objects(&root, "Node").iter().map(|node| node["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    nodes.sort();
    assert_eq!(nodes[nodes.len() - 3..], ["worker-1", "worker-2", "worker-3"]);
    let requests = objects(&root, "CertificateSigningRequest");
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!(request["status"]["conditions"][0]["type"], "Approved");
        assert!(request["spec"]["username"].as_str().unwrap().starts_with("system:bootstrap:"), "{request}");
    }
    let authority = fs::read(root.join("etc/kubernetes/pki/ca.crt")).unwrap();
    for number in 1..=3 {
        let node = root.join(format!("nodes/worker-{number}"));
        let kubernetes = node.join("etc/kubernetes");
        assert_eq!(fs::read(kubernetes.join("pki/ca.crt")).unwrap(), authority);
        assert!(!kubernetes.join("bootstrap-kubelet.conf").exists(), "the token is not left lying about");
        assert!(!kubernetes.join("manifests").exists() && !kubernetes.join("admin.conf").exists(), "it is a worker");
        let pem = node.join("var/lib/kubelet/pki/kubelet-client-current.pem");
        assert_eq!(fs::metadata(&pem).unwrap().permissions().mode() & 0o777, 0o600);
        let journal = fs::read_to_string(node.join("var/lib/kubephase/journal-000001.jsonl")).unwrap();
        let token = said.stdout.split("--token ").nth(1).unwrap().split_whitespace().next().unwrap();
        assert!(!journal.contains(token) && journal.contains("\"workflow\":\"join\""));
    }
}

#[test]
fn who_joined_joins_again_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    assert_eq!(rehearse(&root, "1").status, 0);
    let pem = root.join("nodes/worker-1/var/lib/kubelet/pki/kubelet-client-current.pem");
    let before = fs::read(&pem).unwrap();
    let said = rehearse(&root, "2");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(fs::read(&pem).unwrap(), before, "it keeps its certificate");
    assert_eq!(objects(&root, "CertificateSigningRequest").len(), 2);
}
