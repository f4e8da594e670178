//! The credentials that a client sends to a registry, and to other servers.
use super::*;

/// Basic authentication wants `user:pass`.
const BASIC: &str = "authorization: basic dxnlcjpwyxnz";

#[test]
fn credentials_go_to_the_registry_that_they_belong_to_and_to_no_other() {
    let server = guarded("Basic realm=\"x\"".into());
    let why = refusal(&server);
    assert!(
        why.contains("asks for credentials, and none were found for it"),
        "{why}"
    );
    let ours = Environment::named(&server.authority);
    assert_eq!(pull_as(&server, &ours).unwrap().component, BODY);
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.contains(BASIC))
    );

    // The credentials of the environment belong to another registry, or to no registry.
    for (environment, hint) in [
        (
            Environment::named("registry.example"),
            "they belong to registry.example",
        ),
        (
            Environment {
                registry: None,
                ..Environment::named("x")
            },
            "does not say which registry they belong to",
        ),
    ] {
        let server = guarded("Basic realm=\"x\"".into());
        let why = format!("{:#}", pull_as(&server, &environment).unwrap_err());
        assert!(why.contains(hint), "{why}");
        assert!(
            server
                .requests()
                .iter()
                .all(|request| !request.contains("authorization: "))
        );
    }
}

#[test]
fn credentials_do_not_go_to_another_server_for_a_token() {
    let tokens = gives_tokens();
    let server = guarded(format!(
        "Bearer realm=\"http://{}/token?x=1\",service=\"s\"",
        tokens.authority
    ));
    let ours = Environment::named(&server.authority);
    let why = format!("{:#}", pull_as(&server, &ours).unwrap_err());
    for part in [
        "another server; nothing was sent",
        &format!("KUBEPHASE_REGISTRY_REALM={}", tokens.authority),
    ] {
        assert!(why.contains(part), "{why}");
    }
    assert!(tokens.requests().is_empty());

    // An anonymous token needs no credentials. The operator may name the token server.
    assert_eq!(
        pull_as(&server, &Environment::default()).unwrap().component,
        BODY
    );
    let asked = tokens.requests().join("\n");
    assert!(
        asked.contains("x=1&scope=repository%3ateam%2fx%3apull&service=s")
            && !asked.contains("authorization"),
        "{asked}"
    );
    let both = Environment {
        realm: Some(tokens.authority.clone()),
        ..ours
    };
    assert_eq!(pull_as(&server, &both).unwrap().component, BODY);
    assert!(
        tokens
            .requests()
            .iter()
            .any(|request| request.contains(BASIC))
    );
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.contains("authorization: bearer t0ken"))
    );
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.contains(BASIC))
    );
}

#[test]
fn a_server_for_tokens_is_trusted_with_no_more_than_the_registry() {
    for (realm, part) in [
        (
            "http://registry.example/token",
            "neither HTTPS nor on this machine",
        ),
        ("ftp://127.0.0.1/token", "neither HTTPS nor on this machine"),
        ("https://me@registry.example/token", "a URL with a user"),
        ("none", "a token server that is not a URL"),
    ] {
        let why = refusal(&guarded(format!("Bearer realm=\"{realm}\"")));
        assert!(why.contains(part), "{why}");
    }
    for (answer, part) in [
        ("{}", "gave no token"),
        ("{\"token\": \"a\\nb\"}", "a token that is not valid"),
        ("x", "gave no token"),
    ] {
        let tokens = Server::start(move |_, stream| reply(stream, "200 OK", "", answer.as_bytes()));
        let why = refusal(&guarded(format!(
            "Bearer realm=\"http://{}/\"",
            tokens.authority
        )));
        assert!(why.contains(part), "{why}");
    }
    let endless =
        Server::start(|_, stream| stream_without_end(stream, &[b' '; 65536], Duration::ZERO));
    assert!(
        refusal(&guarded(format!(
            "Bearer realm=\"http://{}/\"",
            endless.authority
        )))
        .contains("longer than 65536 bytes")
    );
    assert!(
        refusal(&guarded("Negotiate".into())).contains("in a way that kubephase does not know")
    );
}

#[test]
fn a_redirect_takes_no_credentials_along() {
    let store = Server::start(|_, stream| reply(stream, "200 OK", "", BODY));
    let to = store.authority.clone();
    let server = Server::registry(move |head, stream| match () {
        () if !head.contains("authorization: ") => {
            reply(
                stream,
                "401 Unauthorized",
                "WWW-Authenticate: Basic realm=\"x\"\r\n",
                b"",
            );
            true
        }
        () if head.contains("/blobs/") => {
            reply(
                stream,
                "307 Temporary Redirect",
                &format!("Location: http://{to}/elsewhere\r\n"),
                b"",
            );
            true
        }
        () => false,
    });
    assert_eq!(
        pull_as(&server, &Environment::named(&server.authority))
            .unwrap()
            .component,
        BODY
    );
    for request in store.requests() {
        assert!(request.contains("get /elsewhere"), "{request}");
        assert!(!request.contains("authorization"), "{request}");
    }

    for (location, part) in [
        ("/again", "redirects more than 5 times"),
        (
            "http://registry.example/x",
            "neither HTTPS nor on this machine",
        ),
    ] {
        let server = Server::start(move |_, stream| {
            reply(
                stream,
                "302 Found",
                &format!("Location: {location}\r\n"),
                b"",
            )
        });
        let why = refusal(&server);
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn the_configuration_of_container_tools_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let server = guarded("Basic realm=\"x\"".into());
    let auths = format!(
        "{{\"auths\": {{\"{}\": {{\"auth\": \"dXNlcjpwYXNz\"}}}}}}",
        server.authority
    );
    let environment = Environment {
        files: vec![write(folder.path(), "config.json", &auths)],
        ..Environment::default()
    };
    assert_eq!(pull_as(&server, &environment).unwrap().component, BODY);

    // A token that is exchanged for others goes in the body of the request.
    let tokens = gives_tokens();
    let server = guarded(format!(
        "Bearer realm=\"http://{}/token\"",
        tokens.authority
    ));
    let auths = format!(
        "{{\"auths\": {{\"{}\": {{\"identitytoken\": \"1dent\"}}}}}}",
        server.authority
    );
    let files = vec![write(folder.path(), "identity.json", &auths)];
    let environment = Environment {
        registry: Some(server.authority.clone()),
        realm: Some(tokens.authority.clone()),
        files,
        ..Environment::default()
    };
    assert_eq!(pull_as(&server, &environment).unwrap().component, BODY);
    let asked = tokens.requests().join("\n");
    assert!(
        asked.contains("post /token")
            && asked.contains("grant_type=refresh_token")
            && asked.contains("refresh_token=1dent"),
        "{asked}"
    );
}
