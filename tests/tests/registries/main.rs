//! Registries that do not answer, or answer slowly or without an end: the program ends with one
//! clear message, and its memory stays small. Credentials go to their own registry only.
//!
//! Registries that attack the program are in `../hostile/registries.rs`.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]
mod server;

use crate::server::{manifest, reply, send_endlessly, serve, serve_blob};
use harness::{RunOutput, kubephase, run};
use nix::sys::resource::{UsageWho, getrusage};
use std::{io::Read, sync::atomic::Ordering, thread, time::Duration};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

fn inspect(authority: &str) -> RunOutput {
    run(kubephase(PROGRAM).args(["plugin", "inspect", &format!("oci://{authority}/x:1")]))
}

#[test]
fn a_registry_cannot_use_up_time_or_memory() {
    let cases = [
        (
            serve(|_, stream| drop(stream.read(&mut [0]))).0,
            "did not answer within",
        ),
        (
            serve(|_, stream| send_endlessly(stream, b" ", Duration::from_secs(1))).0,
            "too slowly",
        ),
        (
            serve(|_, stream| send_endlessly(stream, &[b' '; 65536], Duration::ZERO)).0,
            "is longer than 4194304 bytes",
        ),
        (
            serve_blob(|stream| send_endlessly(stream, b" ", Duration::from_secs(1))),
            "is too slow",
        ),
        (
            serve_blob(|stream| send_endlessly(stream, &[b' '; 65536], Duration::ZERO)),
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
                let output = inspect(authority);
                assert!(
                    output.status == 1 && output.stderr.contains(part),
                    "{part}: {} {}",
                    output.status,
                    output.stderr
                );
            });
        }
    });
    let kibibytes = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    assert!(kibibytes < 256 << 10, "{} MiB", kibibytes >> 10);
}

#[test]
fn the_password_of_a_registry_is_sent_to_no_other_server() {
    let (other_server, requests_with_credentials) =
        serve(|_, stream| reply(stream, "200 OK", "{\"token\":\"x\"}"));
    let challenge = format!(
        "401 Unauthorized\r\nWWW-Authenticate: Bearer \
         realm=\"http://{other_server}/token\",service=\"x\""
    );
    let (authority, _) = serve(move |_, stream| reply(stream, &challenge, ""));
    let reference = format!("oci://{authority}/x:1");
    for registry in [authority.as_str(), ""] {
        let mut command = kubephase(PROGRAM);
        command
            .env("KUBEPHASE_REGISTRY_USER", "me")
            .env("KUBEPHASE_REGISTRY_PASSWORD", "s3cret")
            .env("KUBEPHASE_REGISTRY", registry);
        let output = run(command.args(["plugin", "inspect", &reference]));
        let part = if registry.is_empty() {
            "does not say which registry they belong to"
        } else {
            "another server; nothing was sent"
        };
        assert!(
            output.status == 1 && output.stderr.contains(part) && !output.stderr.contains("s3cret"),
            "{}",
            output.stderr
        );
    }
    assert_eq!(requests_with_credentials.load(Ordering::SeqCst), 0);
}

#[test]
fn a_push_needs_a_tag() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(kubephase(PROGRAM)
        .args(["plugin", "push"])
        .arg(folder.path())
        .arg("oci://127.0.0.1:1/x"));
    assert!(
        output.status == 1 && output.stderr.contains("names no tag"),
        "{}",
        output.stderr
    );
}
