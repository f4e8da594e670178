//! Secrets that are malformed: the message that refuses one does not repeat it.
use crate::{CERTIFICATE_KEY, TOKEN_SECRET, command, search::assert_clean};
use harness::run;
use std::{fs, process::Command};

/// Runs the program, which has to fail, and searches its output for secrets.
#[track_caller]
fn assert_refused_without_secrets(command: &mut Command, case: &str) {
    let output = run(command);
    assert_ne!(output.status, 0, "{case}");
    assert_clean(case, &output.printed());
}

/// Returns a token with one character too many.
fn malformed_token() -> String {
    format!("abcdef.{TOKEN_SECRET}X")
}

#[test]
fn a_malformed_secret_on_the_command_line_is_in_no_message() {
    let token = malformed_token();
    let hash = format!("sha256:{}", "a".repeat(64));
    let join = format!("join {ENDPOINT} --discovery-token-ca-cert-hash {hash}");
    for line in [
        format!("{join} --token {token}"),
        format!("{join} --discovery-token {token} --tls-bootstrap-token {token}"),
        format!(
            "join {ENDPOINT} --token abcdef.0123456789abcdef --control-plane --certificate-key \
             canary-cloud"
        ),
        format!("init --dry-run --token {token}"),
        format!("init --dry-run --token {TOKEN_SECRET}"),
        "init --dry-run --certificate-key canary-cloud".to_owned(),
        format!("token create {token}"),
        format!("token delete {token}"),
    ] {
        assert_refused_without_secrets(command().args(line.split(' ')), &line);
    }
}

#[test]
fn a_malformed_secret_in_a_configuration_is_in_no_message() {
    let token = malformed_token();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    let head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ";
    for document in [
        format!("{head}InitConfiguration\nbootstrapTokens: [{{token: {token}}}]\n"),
        format!("{head}InitConfiguration\nbootstrapTokens: [{{token: {TOKEN_SECRET}}}]\n"),
        format!("{head}InitConfiguration\nbootstrapTokens: [{{token: [{TOKEN_SECRET}]}}]\n"),
        format!(
            "{head}InitConfiguration\nbootstrapTokens:\n- token: {TOKEN_SECRET}\n certificateKey: \
             {CERTIFICATE_KEY}\n"
        ),
        format!("{head}InitConfiguration\ncertificateKey: {CERTIFICATE_KEY}00\n"),
        format!("{head}InitConfiguration\ncertificateKey: {{canary-cloud: 1}}\n"),
        format!(
            "{head}JoinConfiguration\ndiscovery: {{tlsBootstrapToken: {token}, bootstrapToken: \
             {{token: {token}, apiServerEndpoint: '{ENDPOINT}'}}}}\n"
        ),
    ] {
        fs::write(&path, &document).unwrap();
        for line in [
            "config validate --config",
            "init --dry-run --config",
            "join --config",
        ] {
            assert_refused_without_secrets(
                command().args(line.split(' ')).arg(&path),
                &format!("{line} {document}"),
            );
        }
    }
}

const ENDPOINT: &str = "192.0.2.2:6443";
