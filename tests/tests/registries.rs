//! Registries that do not answer, answer slowly or without an end: the program ends with one clear
//! message, and its memory stays small.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]
use harness::{Said, kubephase, run};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// A server on a port of its own; counts the requests with credentials.
fn serve(
    answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (authority, count, answer) = (
        listener.local_addr().unwrap().to_string(),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(answer),
    );
    let counter = count.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer, counter) = (stream.unwrap(), answer.clone(), counter.clone());
            thread::spawn(move || {
                let (mut reader, mut head) =
                    (BufReader::new(stream.try_clone().unwrap()), String::new());
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
                counter.fetch_add(
                    usize::from(head.to_ascii_lowercase().contains("authorization:")),
                    Ordering::SeqCst,
                );
                answer(&head, &mut stream);
            });
        }
    });
    (authority, count)
}

fn reply(stream: &mut TcpStream, head: &str, body: &str) {
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// Sends without an end.
fn flood(stream: &mut TcpStream, piece: &[u8], pause: Duration) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while stream
        .write_all(piece)
        .and_then(|()| stream.flush())
        .is_ok()
    {
        thread::sleep(pause);
    }
}

/// A manifest whose component has 64 MiB.
fn manifest() -> String {
    let part = |media_type: &str, size: usize| {
        format!(
            "{{\"mediaType\":\"{media_type}\",\"digest\":\"sha256:{}\",\"size\":{size}}}",
            "0".repeat(64)
        )
    };
    format!(
        "{{\"schemaVersion\":2,\"config\":{},\"layers\":[{}]}}",
        part("x", 2),
        part("application/wasm", 64 << 20)
    )
}

fn inspect(authority: &str) -> Said {
    run(kubephase(PROGRAM).args(["plugin", "inspect", &format!("oci://{authority}/x:1")]))
}

#[test]
fn a_registry_takes_neither_all_time_nor_all_memory() {
    let blob = |answer: fn(&mut TcpStream)| {
        serve(move |head, stream| {
            if head.contains("/manifests/") {
                reply(stream, "200 OK", &manifest())
            } else {
                answer(stream)
            }
        })
        .0
    };
    let cases = [
        (
            serve(|_, stream| drop(stream.read(&mut [0]))).0,
            "did not answer within",
        ),
        (
            serve(|_, stream| flood(stream, b" ", Duration::from_secs(1))).0,
            "too slowly",
        ),
        (
            serve(|_, stream| flood(stream, &[b' '; 65536], Duration::ZERO)).0,
            "is longer than 4194304 bytes",
        ),
        (
            blob(|stream| flood(stream, b" ", Duration::from_secs(1))),
            "is too slow",
        ),
        (
            blob(|stream| flood(stream, &[b' '; 65536], Duration::ZERO)),
            "is longer than 67108864 bytes",
        ),
        (
            serve(|_, stream| {
                reply(
                    stream,
                    "200 OK",
                    &manifest().replace("67108864", "67108865"),
                )
            })
            .0,
            "at most 64 MiB",
        ),
    ];
    thread::scope(|scope| {
        for (authority, part) in &cases {
            scope.spawn(move || {
                let said = inspect(authority);
                assert!(
                    said.status == 1 && said.stderr.contains(part),
                    "{part}: {} {}",
                    said.status,
                    said.stderr
                );
            });
        }
    });
    let kibibytes = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    assert!(kibibytes < 256 << 10, "{} MiB", kibibytes >> 10);
}

#[test]
fn the_password_of_one_registry_goes_to_no_other_server() {
    let (elsewhere, seen) = serve(|_, stream| reply(stream, "200 OK", "{\"token\":\"x\"}"));
    let challenge = format!(
        "401 Unauthorized\r\nWWW-Authenticate: Bearer \
         realm=\"http://{elsewhere}/token\",service=\"x\""
    );
    let (authority, _) = serve(move |_, stream| reply(stream, &challenge, ""));
    let reference = format!("oci://{authority}/x:1");
    for registry in [authority.as_str(), ""] {
        let mut command = kubephase(PROGRAM);
        command
            .env("KUBEPHASE_REGISTRY_USER", "me")
            .env("KUBEPHASE_REGISTRY_PASSWORD", "s3cret")
            .env("KUBEPHASE_REGISTRY", registry);
        let said = run(command.args(["plugin", "inspect", &reference]));
        let part = if registry.is_empty() {
            "does not say which registry they belong to"
        } else {
            "another server; nothing was sent"
        };
        assert!(
            said.status == 1 && said.stderr.contains(part) && !said.stderr.contains("s3cret"),
            "{}",
            said.stderr
        );
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[test]
fn a_push_names_its_tag() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(kubephase(PROGRAM)
        .args(["plugin", "push"])
        .arg(folder.path())
        .arg("oci://127.0.0.1:1/x"));
    assert!(
        said.status == 1 && said.stderr.contains("names no tag"),
        "{}",
        said.stderr
    );
}
