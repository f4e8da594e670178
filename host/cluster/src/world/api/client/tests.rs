//! Tests which requests are tried again, with servers over real TLS that fail in different ways.
use super::*;
use crate::{
    cancel::Cancel,
    loopback::{Authority, HOUR},
    world::{
        Cluster,
        api::{Endpoint, resolver::FixedEndpoint},
        files::RootedFiles,
    },
};
use kubephase_wit::ObjectRef;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    runtime::{Builder, Runtime},
};

/// The head of an internal error.
const BROKEN: &str = "HTTP/1.1 500 Broken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

fn tokio() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// Starts a server that reads each request, writes `answer`, which may be cut off, and closes the
/// connection. Returns its address and the number of requests that it read.
fn server(tokio: &Runtime, answer: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    let acceptor = Authority::new("kubernetes").server(-HOUR..HOUR);
    let bind = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = tokio.block_on(bind).unwrap();
    let (address, asked) = (
        listener.local_addr().unwrap(),
        Arc::new(AtomicUsize::new(0)),
    );
    let counter = asked.clone();
    tokio.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                request.extend(byte);
            }
            counter.fetch_add(1, Ordering::Relaxed);
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, asked)
}

/// Sends requests to such a server for a second. Returns the failure of the client, and the number
/// of its requests.
fn fail_for_a_second(answer: &'static str, embedded: bool) -> (Failure, usize) {
    let tokio = tokio();
    let (address, asked) = server(&tokio, answer);
    let kubeconfig = "{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, \
        cluster: {server: 'https://127.0.0.1:1'}}], contexts: [{name: a, context: {cluster: a, \
        user: a}}], users: [{name: a, user: {}}]}";
    let tree = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(tree.path()).unwrap();
    let endpoint = Endpoint {
        address,
        skip_validity_check: true,
        embedded,
    };
    let client = ApiClient::new(
        tokio.handle().clone(),
        Arc::new(files),
        Credentials::from_text(&Secret::new(kubeconfig.to_owned())),
        Arc::new(FixedEndpoint(endpoint)),
        RetryLimit {
            duration: Duration::from_secs(1),
            cancel: Cancel::never(),
        },
    );
    let failure = client.get(&ObjectRef::node("a")).unwrap_err();
    (failure, asked.load(Ordering::Relaxed))
}

#[test]
fn a_server_of_this_process_that_fails_is_asked_once() {
    for answer in ["", BROKEN] {
        let (failure, asked) = fail_for_a_second(answer, true);
        assert_eq!(
            (failure.code.as_str(), asked),
            ("unavailable", 1),
            "{answer}"
        );
        assert!(!failure.retryable, "{failure:?}");
    }
}

#[test]
fn another_server_that_fails_is_asked_again() {
    for answer in ["", BROKEN] {
        let (failure, asked) = fail_for_a_second(answer, false);
        assert!(asked > 2, "{answer}: {asked} times, {failure:?}");
    }
}
