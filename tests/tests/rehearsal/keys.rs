//! Keys, certificates and secrets that a rehearsal makes.
use crate::{init_phase, mode, rehearse, write_config};
use harness::{has_program, run};
use std::{fs, process::Command};

#[test]
fn keys_are_private_and_secrets_are_in_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), write_config(folder.path()));
    let output = rehearse(&root, &config, &["--upload-certs"]);
    assert_eq!(output.status, 0, "{}", output.printed());
    for path in [
        "etc/kubernetes/pki/ca.key",
        "etc/kubernetes/admin.conf",
        "var/lib/kubephase/secrets.json",
        "var/lib/kubephase/cluster.jsonl",
    ] {
        assert_eq!(mode(&root.join(path)), 0o600, "{path}");
    }
    let secrets = fs::read_to_string(root.join("var/lib/kubephase/secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&secrets).unwrap();
    let token = secrets["token"].as_str().unwrap();
    let token = token.split('.').nth(1).unwrap();
    let key = secrets["certificateKey"].as_str().unwrap();
    assert!(
        output.stdout.contains(token) && output.stdout.contains(key),
        "the join command has the token and the key"
    );
    for entry in fs::read_dir(root.join("var/lib/kubephase"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "jsonl"))
    {
        let journal = fs::read_to_string(entry.path()).unwrap();
        assert!(
            !journal.contains(token) && !journal.contains(key) && !journal.contains("PRIVATE KEY")
        );
    }
}

/// Clients trust no certificate that was signed with the key of another authority.
#[test]
fn a_ca_key_of_another_ca_is_refused_before_anything_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (root, other, config) = (
        folder.path().join("root"),
        folder.path().join("other"),
        write_config(folder.path()),
    );
    for tree in [&root, &other] {
        assert_eq!(init_phase("certs ca", tree, &config).status, 0);
    }
    let key = "etc/kubernetes/pki/ca.key";
    fs::copy(other.join(key), root.join(key)).unwrap();
    for phase in ["certs apiserver", "kubeconfig admin", "certs ca"] {
        let output = init_phase(phase, &root, &config);
        assert_eq!(output.status, 5, "{phase}: {}", output.printed());
        assert!(
            output
                .stderr
                .contains("/etc/kubernetes/pki/ca.key does not belong to"),
            "{phase}: {}",
            output.stderr
        );
    }
    assert!(
        !root.join("etc/kubernetes/pki/apiserver.crt").exists()
            && !root.join("etc/kubernetes/admin.conf").exists()
    );
}

#[test]
fn openssl_accepts_the_chain() {
    if !has_program("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), write_config(folder.path()));
    assert_eq!(rehearse(&root, &config, &[]).status, 0);
    let pki = root.join("etc/kubernetes/pki");
    for (authority, leaf) in [
        ("ca.crt", "apiserver.crt"),
        ("etcd/ca.crt", "etcd/server.crt"),
        ("front-proxy-ca.crt", "front-proxy-client.crt"),
    ] {
        let output = run(Command::new("openssl")
            .arg("verify")
            .arg("-x509_strict")
            .arg("-CAfile")
            .arg(pki.join(authority))
            .arg(pki.join(leaf)));
        assert_eq!(output.status, 0, "{leaf}: {}", output.stderr);
    }
}
