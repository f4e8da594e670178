//! Secrets that are in the environment, the configuration and the cluster, and in nothing that the
//! program says or keeps but the files and objects that are meant to hold them.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Kept, Said, kubephase, run, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

const TOKEN_SECRET: &str = "canary0token0abc";
const CERTIFICATE_KEY: &str = "ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11";
const PROXY: &str = "http://user:canary-proxy@proxy.example:3128";
const ENVIRONMENT: &[(&str, &str)] = &[
    ("AWS_SECRET_ACCESS_KEY", "canary-cloud"),
    ("KUBEPHASE_SIGNING_PASSWORD", "canary-signing"),
    ("HTTPS_PROXY", PROXY),
    ("http_proxy", PROXY),
];

/// Parts of every secret, as they would be seen.
const CANARIES: &[&str] = &[
    "canary-cloud",
    "canary-signing",
    "canary-proxy",
    TOKEN_SECRET,
    CERTIFICATE_KEY,
    "PRIVATE KEY",
    "client-key-data",
];

/// Files and objects that are meant to hold secrets.
const HOLDERS: &[&str] = &[
    "secrets.json",
    "cluster.jsonl",
    ".key",
    ".conf",
    "kubelet-client-current.pem",
];

fn command() -> Command {
    let mut command = kubephase(PROGRAM);
    command.envs(ENVIRONMENT.iter().copied());
    command
}

/// A configuration with secrets, and a rule that tells of all that a rule can see.
fn cluster(folder: &Path) -> PathBuf {
    let text = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{{token: abcdef.{TOKEN_SECRET}}}]
certificateKey: {CERTIFICATE_KEY}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.2
encryptionAlgorithm: ECDSA-P256
networking: {{podSubnet: 10.244.0.0/16}}
---
apiVersion: kubephase.dev/v1alpha1
kind: PhaseConfiguration
rules:
- {{code: Placeholders, that: config.init.certificateKey == \"<secret:certificate-key>\", summary: \
\"<secret:token-0>\"}}
- {{code: Proxies, that: 'config.run.proxyEnvironment.all(p, !p.value.contains(\"@\"))'}}
"
    );
    let path = folder.join("cluster.yaml");
    fs::write(&path, text).unwrap();
    path
}

fn canaries_in(text: &str) -> Vec<&'static str> {
    CANARIES
        .iter()
        .copied()
        .filter(|canary| text.contains(canary))
        .collect()
}

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    let none: Vec<&str> = Vec::new();
    assert_eq!(canaries_in(text), none, "{what} holds secrets: {text}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    entries
        .flat_map(|path| {
            if path.is_dir() && !path.is_symlink() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Files of a tree that hold secrets and are not meant to.
fn assert_tree_clean(root: &Path) {
    for path in files(root) {
        let name = path.display().to_string();
        // The control plane's Pods reach the outside through the proxy, with its password.
        let is_meant = HOLDERS.iter().any(|end| name.ends_with(end))
            || name.contains("/etc/kubernetes/manifests/");
        if !is_meant {
            assert_clean(&name, &String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

fn rehearse(config: &Path, root: &Path, more: &[&str]) -> Said {
    let node = workspace().join("examples/single-node/node.yaml");
    let said = run(command()
        .args(["rehearse", "--upload-certs", "--config"])
        .arg(config)
        .arg("--node")
        .arg(node)
        .arg("--root")
        .arg(root)
        .args(more));
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    said
}

#[test]
fn the_person_alone_is_told_the_token_and_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let (config, root) = (cluster(folder.path()), folder.path().join("root"));
    let said = rehearse(&config, &root, &["--workers", "1"]);
    assert!(
        said.stdout
            .contains(&format!("--token abcdef.{TOKEN_SECRET}"))
            && said.stdout.contains(CERTIFICATE_KEY),
        "{}",
        said.stdout
    );
    let rest = said
        .stdout
        .replace(TOKEN_SECRET, "")
        .replace(CERTIFICATE_KEY, "");
    assert_clean("the output", &rest);
    assert_clean("the messages", &said.stderr);
    assert_tree_clean(&root);
}

#[test]
fn events_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (config, root) = (cluster(folder.path()), folder.path().join("root"));
    let said = rehearse(&config, &root, &["-o", "json"]);
    assert_clean("the events", &said.stdout);
    assert_clean("the messages", &said.stderr);
    assert!(
        said.stdout.contains("--token abcdef.<secret:token-0>"),
        "{}",
        said.stdout
    );
    assert_tree_clean(&root);
}

#[test]
fn pods_of_the_control_plane_and_kube_proxy_get_the_proxies_as_they_are() {
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
    let kept = Kept::below(&root);
    let daemon_set = kept.objects("apps/daemonsets")["kube-proxy"].to_string();
    assert!(daemon_set.contains(PROXY), "{daemon_set}");
    for (name, object) in kept.objects("/configmaps") {
        assert_clean(name, &object.to_string());
    }
}

#[test]
fn a_dry_run_writes_secrets_only_where_they_belong() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (cluster(folder.path()), folder.path().join("out"));
    let node = workspace().join("examples/single-node/node.yaml");
    let said = run(command()
        .args(["init", "--dry-run", "-o", "json", "--config"])
        .arg(&config)
        .arg("--node")
        .arg(node)
        .arg("--out")
        .arg(&out));
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_clean("the events", &said.stdout);
    assert_clean("the messages", &said.stderr);
    assert_tree_clean(&out.join("files"));
}

#[test]
fn a_malformed_secret_is_in_no_message() {
    let malformed = format!("abcdef.{TOKEN_SECRET}X");
    let hash = format!("sha256:{}", "a".repeat(64));
    let endpoint = "192.0.2.2:6443";
    for arguments in [
        vec![
            "join",
            endpoint,
            "--token",
            &malformed,
            "--discovery-token-ca-cert-hash",
            &hash,
        ],
        vec![
            "join",
            endpoint,
            "--discovery-token",
            &malformed,
            "--tls-bootstrap-token",
            &malformed,
            "--discovery-token-ca-cert-hash",
            &hash,
        ],
        vec![
            "join",
            endpoint,
            "--token",
            "abcdef.0123456789abcdef",
            "--control-plane",
            "--certificate-key",
            "canary-cloud",
        ],
        vec!["init", "--dry-run", "--token", &malformed],
        vec!["init", "--dry-run", "--token", TOKEN_SECRET],
        vec!["init", "--dry-run", "--certificate-key", "canary-cloud"],
        vec!["token", "create", &malformed],
        vec!["token", "delete", &malformed],
    ] {
        let said = run(command().args(&arguments));
        assert_ne!(said.status, 0, "{arguments:?}");
        assert_clean(
            &format!("{arguments:?}"),
            &format!("{}{}", said.stdout, said.stderr),
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    let head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ";
    for document in [
        format!("{head}InitConfiguration\nbootstrapTokens: [{{token: {malformed}}}]\n"),
        format!("{head}InitConfiguration\nbootstrapTokens: [{{token: {TOKEN_SECRET}}}]\n"),
        format!("{head}InitConfiguration\nbootstrapTokens: [{{token: [{TOKEN_SECRET}]}}]\n"),
        format!(
            "{head}InitConfiguration\nbootstrapTokens:\n- token: {TOKEN_SECRET}\n certificateKey: \
             {CERTIFICATE_KEY}\n"
        ),
        format!("{head}InitConfiguration\ncertificateKey: {CERTIFICATE_KEY}00\n"),
        format!("{head}InitConfiguration\ncertificateKey: {{canary-cloud: 1}}\n"),
        format!(
            "{head}JoinConfiguration\ndiscovery: {{tlsBootstrapToken: {malformed}, bootstrapToken: \
             {{token: {malformed}, apiServerEndpoint: '{endpoint}'}}}}\n"
        ),
    ] {
        fs::write(&path, &document).unwrap();
        for arguments in [
            vec!["config", "validate", "--config"],
            vec!["init", "--dry-run", "--config"],
            vec!["join", "--config"],
        ] {
            let said = run(command().args(&arguments).arg(&path));
            assert_ne!(said.status, 0, "{arguments:?} {document}");
            assert_clean(
                &format!("{arguments:?} {document}"),
                &format!("{}{}", said.stdout, said.stderr),
            );
        }
    }
}
