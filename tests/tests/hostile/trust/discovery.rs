//! Discovery: servers and files that a joining node does not trust yet.
use crate::{
    support::{
        Trial,
        server::{Manner, Server},
    },
    trust::kubeconfig_that_runs,
};
use std::fs;

#[test]
fn discovery_reads_the_answer_of_a_server_up_to_a_limit() {
    let server = Server::start_tls(Manner::EndlessBody);
    let endpoint = format!("127.0.0.1:{}", server.port);
    let trial = Trial::check();
    let config = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ntimeouts: {{discovery: \
         3s}}\ndiscovery: {{bootstrapToken: {{token: abcdef.0123456789abcdef, apiServerEndpoint: \
         '{endpoint}', unsafeSkipCAVerification: true}}}}\n"
    );
    fs::write(trial.folder().join("join.yaml"), config).unwrap();
    let result = trial.run(&["join", "--config", "join.yaml", "--dry-run"]);
    assert_ne!(result.status, 0, "{}", result.output());
    assert!(!server.requests().is_empty(), "{}", result.output());
}

#[test]
fn a_discovery_file_is_downloaded_up_to_a_limit_and_only_over_trusted_tls() {
    let endless = Server::start(Manner::EndlessBody);
    let untrusted = Server::start_tls(Manner::EndlessBody);
    for url in [
        format!("http://127.0.0.1:{}/", endless.port),
        format!("https://localhost:{}/", untrusted.port),
    ] {
        let trial = Trial::check();
        let result = trial.run(&[
            "join",
            "--discovery-file",
            &url,
            "--tls-bootstrap-token",
            "abcdef.0123456789abcdef",
            "--dry-run",
        ]);
        assert_ne!(result.status, 0, "{}", result.output());
    }
    assert!(
        untrusted.requests().is_empty(),
        "a server that no authority knows was asked"
    );
}

#[test]
fn a_downloaded_discovery_file_runs_no_program() {
    let trial = Trial::check();
    let marker = trial.folder().join("ran");
    let body = kubeconfig_that_runs(&marker).to_string().into_bytes();
    let server = Server::start(Manner::Reply {
        status: 200,
        headers: String::new(),
        body,
    });
    let url = format!("http://127.0.0.1:{}/", server.port);
    trial.run(&[
        "join",
        "--discovery-file",
        &url,
        "--tls-bootstrap-token",
        "abcdef.0123456789abcdef",
        "--dry-run",
    ]);
    assert!(!marker.exists(), "a program that a server named ran");
}

#[test]
fn a_malformed_token_is_not_printed() {
    let result = Trial::check().run(&[
        "join",
        "127.0.0.1:1",
        "--token",
        "abcdef.0123456789abcdeX",
        "--discovery-token-unsafe-skip-ca-verification",
        "--dry-run",
    ]);
    assert_ne!(result.status, 0);
    assert!(
        !result.output().contains("0123456789abcdeX"),
        "{}",
        result.output()
    );
}
