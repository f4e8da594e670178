//! Facts of keys, certificates and kubeconfigs.
use crate::support::{Trial, call};
use serde_json::json;
use std::fs;

const KUBECONFIG: &str = "capability: observe-pki.kubeconfig, paths: \
    [/var/lib/kubephase-plugins/hostile/*, /etc/kubernetes/**]";

const WRITE: &str =
    "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/*]";

/// Returns a kubeconfig that names a file of authorities.
fn kubeconfig_with_authority_file(path: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{
            "name": "c",
            "cluster": {"server": "https://192.0.2.2:6443", "certificate-authority": path},
        }],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    })
    .to_string()
}

#[test]
fn facts_of_a_kubeconfig_show_no_file_that_it_names() {
    let secrets = [
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/pki/sa.key",
        "/etc/secret",
    ];
    let writes: Vec<_> = secrets
        .iter()
        .enumerate()
        .map(|(index, secret)| {
            call(
                "effects-files.write-file",
                json!([
                    format!("/var/lib/kubephase-plugins/hostile/{index}"),
                    kubeconfig_with_authority_file(secret)
                ]),
            )
        })
        .collect();
    let looks: Vec<_> = (0..secrets.len())
        .map(|index| {
            call(
                "observe-pki.kubeconfig",
                json!([format!("/var/lib/kubephase-plugins/hostile/{index}")]),
            )
        })
        .collect();
    let trial = Trial::phase()
        .grants(&[KUBECONFIG, WRITE])
        .rounds(&[
            json!({"calls": writes, "ending": "again"}),
            json!({"calls": looks}),
        ])
        .shown_bytes(20_000);
    trial.put(
        "/etc/secret",
        "canary-of-a-file-that-is-no-certificate",
        0o644,
    );
    let result = trial.rehearse();
    let answers = result.answers_text();
    assert!(
        answers.contains("192.0.2.2"),
        "the plugin did not see the kubeconfigs at all: {:?}",
        result.answers
    );
    for part in ["PRIVATE KEY", "client-key-data", "canary-of-a-file"] {
        assert!(!answers.contains(part), "{part} is shown: {answers}");
    }
}

#[test]
fn facts_of_keys_and_certificates_hold_no_key() {
    let paths = [
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/pki/ca.crt",
        "/etc/kubernetes/admin.conf",
    ];
    let calls: Vec<_> = ["certificate", "private-key", "kubeconfig"]
        .iter()
        .flat_map(|function| {
            paths.map(|path| call(&format!("observe-pki.{function}"), json!([path])))
        })
        .collect();
    let paths = "paths: [/etc/kubernetes/**]";
    let grants = ["certificate", "private-key", "kubeconfig"]
        .map(|function| format!("capability: observe-pki.{function}, {paths}"));
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let trial = Trial::phase()
        .grants(&grants)
        .calls(&calls)
        .shown_bytes(20_000);
    let result = trial.rehearse();
    let key = fs::read_to_string(trial.on_node("/etc/kubernetes/pki/ca.key")).unwrap();
    let body = key.lines().nth(1).expect("a key has lines");
    assert!(
        !result.answers_text().contains(body) && !result.answers_text().contains("PRIVATE KEY"),
        "{:?}",
        result.answers
    );
    // The calls whose file is of the kind that the call asks for.
    for shown in ["0.1", "0.3", "0.8"] {
        let answer = result.answer(shown);
        assert!(answer.is_ok && answer.text.contains('{'), "{answer:?}");
    }
    assert!(
        result
            .answer("0.8")
            .text
            .contains("authorityPublicKeysSha256")
    );
}
