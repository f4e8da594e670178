//! A second rehearsal in the same tree: nothing changes, and damage is repaired.
use crate::{PROGRAM, init_phase, rehearse, write_config};
use harness::{kubephase, run};
use std::{fs, path::Path};

#[test]
fn a_second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), write_config(folder.path()));
    let first = rehearse(&root, &config, &["--upload-certs"]);
    assert_eq!(first.status, 0, "{}", first.printed());
    let key = fs::read(root.join("etc/kubernetes/pki/ca.key")).unwrap();
    let second = rehearse(&root, &config, &["--upload-certs", "-o", "json"]);
    assert_eq!(second.status, 0, "{}", second.printed());
    let events: Vec<serde_json::Value> = second
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let effects: Vec<&serde_json::Value> = events
        .iter()
        .filter(|event| event["event"] == "effect")
        .collect();
    assert!(effects.len() > 50);
    let changed: Vec<_> = effects
        .iter()
        .filter(|event| event["result"]["enacted"] == "changed")
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(
        fs::read(root.join("etc/kubernetes/pki/ca.key")).unwrap(),
        key
    );
    // The token of the first run is still valid; the events do not have it.
    let secrets = fs::read_to_string(root.join("var/lib/kubephase/secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&secrets).unwrap();
    let token = secrets["token"].as_str().unwrap();
    assert!(
        first.stdout.contains(&format!("--token {token}")),
        "{}",
        first.stdout
    );
    let (id, secret) = token.split_once('.').unwrap();
    assert!(
        second
            .stdout
            .contains(&format!("--token {id}.<secret:token-0>"))
            && !second.stdout.contains(secret),
        "{}",
        second.stdout
    );
}

/// Deletes the certificate of the API server and its key.
fn delete_certificate(root: &Path) {
    for name in ["apiserver.crt", "apiserver.key"] {
        fs::remove_file(root.join("etc/kubernetes/pki").join(name)).unwrap();
    }
}

/// The phase that makes the certificate makes it again, as on a real machine.
#[test]
fn a_tree_that_lost_a_certificate_can_be_repaired_and_reset() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let root = folder.path().join("root");
    assert_eq!(rehearse(&root, &config, &[]).status, 0);

    delete_certificate(&root);
    let output = rehearse(&root, &config, &[]);
    assert_eq!(output.status, 0, "{}", output.printed());
    assert!(
        output
            .stderr
            .contains("warning: what ran on this node before did not come up again"),
        "{}",
        output.stderr
    );
    assert!(root.join("etc/kubernetes/pki/apiserver.crt").exists());

    delete_certificate(&root);
    let output = init_phase("certs apiserver", &root, &config);
    assert_eq!(output.status, 0, "{}", output.printed());
    assert!(root.join("etc/kubernetes/pki/apiserver.crt").exists());

    delete_certificate(&root);
    let output = run(kubephase(PROGRAM)
        .args(["reset", "--force", "--root"])
        .arg(&root));
    assert_eq!(output.status, 0, "{}", output.printed());
    assert!(!root.join("etc/kubernetes/admin.conf").exists());
}

/// A kubelet skips entries that it cannot read. A rehearsal does the same, and reports each entry
/// once.
#[test]
fn manifests_that_cannot_be_read_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let root = folder.path().join("root");
    let manifests = root.join("etc/kubernetes/manifests");
    fs::create_dir_all(manifests.join("folder")).unwrap();
    std::os::unix::fs::symlink("/nowhere/pod.yaml", manifests.join("dangling")).unwrap();
    std::os::unix::fs::symlink("itself", manifests.join("itself")).unwrap();
    for _ in 0..2 {
        let output = rehearse(&root, &config, &[]);
        assert_eq!(output.status, 0, "{}", output.printed());
        let printed = output.printed();
        for name in ["dangling", "folder", "itself"] {
            let note = format!("skips /etc/kubernetes/manifests/{name},");
            assert_eq!(printed.matches(&note).count(), 1, "{name}: {printed}");
        }
    }
}

/// The components reach the API server at the address of the machine, whatever it advertises.
#[test]
fn an_api_server_may_advertise_another_address_than_that_of_its_machine() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let text = fs::read_to_string(&config).unwrap();
    for (advertised, endpoint) in [
        ("198.51.100.7", ""),
        ("fd00::7", ""),
        ("198.51.100.7", "controlPlaneEndpoint: 192.0.2.2:6443\n"),
        ("198.51.100.7", "controlPlaneEndpoint: 127.0.0.1:6443\n"),
    ] {
        let arguments = format!(
            "{endpoint}apiServer: {{extraArgs: [{{name: advertise-address, value: \
             '{advertised}'}}]}}\nnetworking:"
        );
        fs::write(&config, text.replace("networking:", &arguments)).unwrap();
        let root = tempfile::tempdir().unwrap();
        let output = rehearse(root.path(), &config, &[]);
        assert_eq!(
            output.status,
            0,
            "{advertised} {endpoint}: {}",
            output.printed()
        );
    }
}
