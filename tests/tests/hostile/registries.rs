//! Registries: their answers are read up to limits of bytes and time, and credentials go only to
//! the registry that they belong to.
use crate::support::{
    Trial,
    process::LONGEST_RUN,
    server::{Manner, Server},
};

#[test]
fn a_registry_that_does_not_end_its_answer_ends_the_command() {
    for manner in [Manner::Silent, Manner::EndlessBody, Manner::Dripping] {
        let server = Server::start(manner);
        let trial = Trial::check();
        trial.write_config();
        let source = format!("oci://127.0.0.1:{}/hostile:1", server.port);
        let running = [
            trial.start(&["plugin", "inspect", &source]),
            trial.start(&["plugin", "add", &source, "--config", "cluster.yaml"]),
        ];
        for running in running {
            let result = running.wait(LONGEST_RUN);
            assert_ne!(result.status, 0, "{}", result.output());
            assert!(
                result.peak_memory < crate::support::process::MAX_MEMORY,
                "{} MiB",
                result.peak_memory >> 20
            );
        }
    }
}

#[test]
fn credentials_do_not_follow_a_registry_to_another_server() {
    let other = Server::start(Manner::Reply {
        status: 200,
        headers: String::new(),
        body: br#"{"token":"t"}"#.to_vec(),
    });
    let realm = format!(
        "www-authenticate: Bearer \
         realm=\"http://127.0.0.1:{}/token\",service=\"x\",scope=\"y\"\r\n",
        other.port
    );
    let location = format!("location: http://127.0.0.1:{}/blob\r\n", other.port);
    for headers in [realm, location.clone()] {
        let status = if headers == location { 307 } else { 401 };
        let registry = Server::start(Manner::Reply {
            status,
            headers,
            body: Vec::new(),
        });
        let trial = Trial::check()
            .environment("KUBEPHASE_REGISTRY_USER", "operator")
            .environment("KUBEPHASE_REGISTRY_PASSWORD", "canary-registry");
        let result = trial.run(&[
            "plugin",
            "inspect",
            &format!("oci://127.0.0.1:{}/hostile:1", registry.port),
        ]);
        assert_ne!(result.status, 0);
        assert!(
            !result.output().contains("canary-registry"),
            "{}",
            result.output()
        );
        for request in other.requests() {
            assert!(
                !request.to_lowercase().contains("authorization: basic"),
                "the password went to another server: {request}"
            );
        }
    }
}

#[test]
fn texts_of_a_registry_reach_the_terminal_as_text() {
    let body =
        br#"{"errors":[{"code":"X\u001b[2J","message":"\u001b[2J\u202e","detail":"\u001b[2J"}]}"#
            .to_vec();
    let server = Server::start(Manner::Reply {
        status: 404,
        headers: "content-type: application/json\r\n".into(),
        body,
    });
    let result = Trial::check().run(&[
        "plugin",
        "inspect",
        &format!("oci://127.0.0.1:{}/hostile:1", server.port),
    ]);
    assert_ne!(result.status, 0);
    assert!(
        !result.output().contains('\u{1b}') && !result.output().contains('\u{202e}'),
        "{:?}",
        result.output()
    );
}
