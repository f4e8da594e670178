//! Pulls from registries on this machine: some follow the protocol, others break it.
mod credentials;
mod server;

use super::*;
use crate::oci::manifest::Descriptor;
use crate::plugin::artifact::{COMPONENT, CONFIG};
use crate::plugin::credentials::tests::{Environment, write};
use parking_lot::Mutex;
use server::{Server, gives_tokens, guarded, reply, stream_without_end};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

/// Time limits that are short enough for tests.
const TIMES: Times = Times {
    answer: Duration::from_millis(800),
    small: Duration::from_millis(800),
    total: Duration::from_secs(10),
    span: Duration::from_millis(400),
    progress: 1024,
};
const BODY: &[u8] = b"\0asm, or as good as that";

fn manifest(size: u64) -> Vec<u8> {
    let layer = Descriptor {
        size,
        ..Descriptor::new(COMPONENT[0], BODY)
    };
    let config = Descriptor::new(CONFIG, b"{}");
    serde_json::to_vec(&ArtifactManifest::new(config, vec![layer])).unwrap()
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
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"\",\"digest\":\"\",\"size\":0},\
             \"layers\":[]}",
            "it has 0 layers",
        ),
        (
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"\",\"digest\":\"\",\"size\":0},\
             \"layers\":[{\"mediaType\":\"\\u001b[2J\",\
             \"digest\":\"\",\"size\":0}]}",
            "it holds \\u{1b}[2J",
        ),
        (
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"\",\"digest\":\"\",\"size\":0},\
             \"layers\":[{\"mediaType\":\"application/wasm\",\
             \"digest\":\"sha256:../../x\",\"size\":0}]}",
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
