//! Registries on this machine that keep to the rules, and some that do not.
use super::*;
use crate::plugin::credentials::tests::{Environment, write};
use parking_lot::Mutex;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

/// Times that a test can wait for.
const TIMES: Times = Times {
    answer: Duration::from_millis(800),
    small: Duration::from_millis(800),
    total: Duration::from_secs(10),
    span: Duration::from_millis(400),
    progress: 1024,
};
const BODY: &[u8] = b"\0asm, or as good as that";

/// A server on a port of its own, and the requests that it got.
struct Server {
    authority: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request by the head of it and the number of requests before it.
    fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Server {
        Server::on(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    fn on(
        listener: TcpListener,
        answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static,
    ) -> Server {
        let server = Server {
            authority: listener.local_addr().unwrap().to_string(),
            requests: Arc::default(),
        };
        let (requests, answer) = (server.requests.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, requests, answer) =
                    (stream.unwrap(), requests.clone(), answer.clone());
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n")
                        && reader.read_line(&mut head).unwrap_or(0) > 0
                    {}
                    let head = head.to_ascii_lowercase();
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "))
                        .map_or(0, |length| length.parse().unwrap());
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    requests
                        .lock()
                        .push(format!("{head}{}", String::from_utf8_lossy(&body)));
                    answer(&head, &mut stream);
                });
            }
        });
        server
    }

    /// A registry with one plugin. `change` may answer a request itself; then it returns true.
    fn registry(change: impl Fn(&str, &mut TcpStream) -> bool + Send + Sync + 'static) -> Server {
        Server::start(move |head, stream| match () {
            () if change(head, stream) => {}
            () if head.contains("/manifests/") => {
                reply(stream, "200 OK", "", &manifest(BODY.len() as u64))
            }
            () => reply(stream, "200 OK", "", BODY),
        })
    }

    fn reference(&self) -> Reference {
        Reference::parse(&format!("{}/team/x:1", self.authority)).unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    );
    // The client may have gone away.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

/// Sends without an end, a piece at a time.
fn stream_without_end(stream: &mut TcpStream, piece: &[u8], pause: Duration) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while stream
        .write_all(piece)
        .and_then(|()| stream.flush())
        .is_ok()
    {
        thread::sleep(pause);
    }
}

fn manifest(size: u64) -> Vec<u8> {
    let layer = Descriptor {
        size,
        ..Descriptor::of(COMPONENT[0], BODY)
    };
    let config = Descriptor::of(CONFIG, b"{}");
    let manifest = Manifest {
        schema_version: 2,
        media_type: MANIFEST[0].into(),
        config,
        layers: vec![layer],
        annotations: BTreeMap::new(),
    };
    serde_json::to_vec(&manifest).unwrap()
}

fn pull_as(server: &Server, environment: &Environment) -> Result<PulledArtifact> {
    pull(&server.reference(), environment.keyring(), TIMES)
}

fn refusal(server: &Server) -> String {
    let why = format!(
        "{:#}",
        pull_as(server, &Environment::default()).unwrap_err()
    );
    assert!(
        why.starts_with(&format!("cannot pull {}: ", server.reference())),
        "{why}"
    );
    why
}

#[test]
fn a_registry_gives_a_component_also_over_ipv6() {
    let server = Server::registry(|_, _| false);
    let pulled = pull_as(&server, &Environment::default()).unwrap();
    assert_eq!(
        (pulled.component.as_slice(), pulled.digest),
        (BODY, oci_digest(&manifest(BODY.len() as u64)))
    );
    // A machine without IPv6 has no such address.
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return crate::requirements::skip("IPv6");
    };
    let server = Server::on(listener, |head, stream| {
        match head.contains("/manifests/") {
            true => reply(stream, "200 OK", "", &manifest(BODY.len() as u64)),
            false => reply(stream, "200 OK", "", BODY),
        }
    });
    assert_eq!(
        pull_as(&server, &Environment::default()).unwrap().component,
        BODY
    );
}

#[test]
fn a_registry_that_does_not_answer_or_answers_slowly_is_given_up() {
    let pause = Duration::from_millis(50);
    let silent = Server::start(|_, stream| drop(stream.read(&mut [0])));
    assert!(refusal(&silent).contains("did not answer within"));
    let drips = Server::registry(move |head, stream| {
        head.contains("/manifests/") && {
            stream_without_end(stream, b" ", pause);
            true
        }
    });
    assert!(refusal(&drips).contains("too slowly"));
    let drips = Server::registry(move |head, stream| {
        head.contains("/blobs/") && {
            stream_without_end(stream, b"\0", pause);
            true
        }
    });
    assert!(refusal(&drips).contains("is too slow"));
    let stops = Server::registry(|head, stream| {
        head.contains("/blobs/") && {
            let _ = stream.write_all(
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n\0",
                    BODY.len()
                )
                .as_bytes(),
            );
            let _ = stream.read(&mut [0]);
            true
        }
    });
    assert!(refusal(&stops).contains("is too slow"));
}

#[test]
fn no_more_is_read_than_the_limits_say() {
    let none = Duration::ZERO;
    let endless = Server::registry(move |head, stream| {
        head.contains("/manifests/") && {
            stream_without_end(stream, &[b' '; 65536], none);
            true
        }
    });
    assert!(refusal(&endless).contains("longer than 4194304 bytes"));
    let endless = Server::registry(move |head, stream| {
        head.contains("/blobs/") && {
            stream_without_end(stream, BODY, none);
            true
        }
    });
    assert!(refusal(&endless).contains(&format!("longer than {} bytes", BODY.len())));
    let announces = Server::registry(|head, stream| {
        head.contains("/manifests/") && {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
            let _ = stream.read(&mut [0]);
            true
        }
    });
    assert!(refusal(&announces).contains("longer than 4194304 bytes"));
    let other = Server::registry(|head, stream| {
        head.contains("/blobs/") && {
            reply(
                stream,
                "200 OK",
                "",
                b"more than the manifest says, and not by little",
            );
            true
        }
    });
    assert!(refusal(&other).contains("its manifest says"));
    let short = Server::registry(|head, stream| {
        head.contains("/blobs/") && {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\0");
            true
        }
    });
    assert!(refusal(&short).contains("ends after 1 bytes"));
    let huge = Server::registry(|head, stream| {
        head.contains("/manifests/") && {
            reply(stream, "200 OK", "", &manifest(1 << 40));
            true
        }
    });
    assert!(refusal(&huge).contains("a plugin has at most 64 MiB"));
    assert_eq!(huge.requests().len(), 1, "the component is not asked for");
}

#[test]
fn what_a_registry_gives_has_to_be_what_it_said() {
    let same = BODY.len();
    let other = Server::registry(move |head, stream| {
        head.contains("/blobs/") && {
            reply(stream, "200 OK", "", &vec![7; same]);
            true
        }
    });
    assert!(refusal(&other).contains("the registry gave a component with the digest"));
    let server = Server::registry(|_, _| false);
    let wanted = Reference {
        digest: Some(oci_digest(b"another")),
        ..server.reference()
    };
    let why = format!(
        "{:#}",
        pull(&wanted, Environment::default().keyring(), TIMES).unwrap_err()
    );
    assert!(
        why.contains("the registry gave a manifest with the digest"),
        "{why}"
    );
    for (content, part) in [
        ("{\"manifests\": []}", "a list of artifacts"),
        ("{", "the manifest is not valid"),
        (
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"\",\"digest\":\"\",\"size\":0},\"layers\":[]}",
            "it has 0 layers",
        ),
        (
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"\",\"digest\":\"\",\"size\":0},\"layers\":[{\"mediaType\":\"\\u001b[2J\",\"digest\":\"\",\"size\":0}]}",
            "it holds \\u{1b}[2J",
        ),
        (
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"\",\"digest\":\"\",\"size\":0},\"layers\":[{\"mediaType\":\"application/wasm\",\"digest\":\"sha256:../../x\",\"size\":0}]}",
            "which is not a SHA-256",
        ),
    ] {
        let server = Server::registry(move |head, stream| {
            head.contains("/manifests/") && {
                reply(stream, "200 OK", "", content.as_bytes());
                true
            }
        });
        let why = refusal(&server);
        assert!(why.contains(part) && !why.contains('\u{1b}'), "{why}");
    }
}

#[test]
fn the_words_of_a_registry_cannot_act_on_a_terminal() {
    let body = "{\"errors\":[{\"code\":\"X\",\"message\":\"gone\\u001b[2J\\n\\u202eerror: \"}]}";
    let server = Server::registry(move |_, stream| {
        reply(stream, "404 Not Found", "", body.as_bytes());
        true
    });
    let why = refusal(&server);
    assert!(
        why.contains("404 Not Found: gone\\u{1b}[2J\\n\\u{202e}error: ") && !why.contains('\u{1b}'),
        "{why}"
    );
}

/// Basic authentication wants `user:pass`.
const BASIC: &str = "authorization: basic dxnlcjpwyxnz";

/// A registry that asks for credentials as `challenge` says, and takes what is then sent.
fn guarded(challenge: String) -> Server {
    Server::registry(move |head, stream| {
        !head.contains("authorization: ") && {
            reply(
                stream,
                "401 Unauthorized",
                &format!("WWW-Authenticate: {challenge}\r\n"),
                b"",
            );
            true
        }
    })
}

fn gives_tokens() -> Server {
    Server::start(|_, stream| reply(stream, "200 OK", "", b"{\"token\": \"t0ken\"}"))
}

#[test]
fn credentials_go_to_the_registry_that_they_belong_to_and_to_no_other() {
    let server = guarded("Basic realm=\"x\"".into());
    let why = refusal(&server);
    assert!(
        why.contains("asks for credentials, and there are none"),
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
        ("none", "a token of no URL"),
    ] {
        let why = refusal(&guarded(format!("Bearer realm=\"{realm}\"")));
        assert!(why.contains(part), "{why}");
    }
    for (answer, part) in [
        ("{}", "gave no token"),
        ("{\"token\": \"a\\nb\"}", "a token that is none"),
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
    assert!(store.requests().iter().all(|request| request.contains("get /elsewhere") && !request.contains("authorization")));

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
