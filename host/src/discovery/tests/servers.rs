//! Discovery over real TLS, from servers that misbehave.
use super::{TOKEN, find, hash, info, joining};
use crate::{
    config::JoinConfiguration,
    loopback::{Authority, HOUR},
    secret::Secret,
    world::{Cluster, real},
};
use kubephase_sdk::duration::Duration;
use kubephase_wit::ObjectRef;
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::TlsAcceptor;

/// A server with one answer for all requests. It closes the first connections without an answer.
struct Server {
    tokio: Runtime,
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    fn start(acceptor: TlsAcceptor, cluster_info: &Value, closed_connections: usize) -> Server {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = tokio
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        let (address, connections) = (
            listener.local_addr().unwrap(),
            Arc::new(AtomicUsize::new(0)),
        );
        let (counter, text) = (
            connections.clone(),
            json!({"data": cluster_info}).to_string(),
        );
        tokio.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if counter.fetch_add(1, Ordering::Relaxed) >= closed_connections {
                    tokio::spawn(answer(acceptor.clone(), stream, text.clone()));
                }
            }
        });
        Server {
            tokio,
            address,
            connections,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Runs discovery of a node that has the token and the pin.
    fn discover(&self, join: JoinConfiguration) -> Result<(), String> {
        let mut join = join;
        join.discovery
            .bootstrap_token
            .as_mut()
            .unwrap()
            .api_server_endpoint = self.address.to_string();
        let api = real::cluster(self.tokio.handle(), "/none").unwrap();
        find(&join, &api).map(drop)
    }
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
        request.extend(byte);
    }
}

/// Answers one request of a connection.
async fn answer(acceptor: TlsAcceptor, stream: TcpStream, text: String) {
    // A client that does not trust the server closes the connection.
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    read_request(&mut stream).await;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n",
        text.len()
    );
    let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[test]
fn a_server_is_trusted_by_its_authority_and_its_dates() {
    let (ours, theirs) = (Authority::new("kubernetes"), Authority::new("kubernetes"));
    let expected = info(&ours.certificate.to_pem(), TOKEN);
    let discover_from = |acceptor| {
        Server::start(acceptor, &expected, 0).discover(joining(&[hash(&ours.certificate)]))
    };
    assert_eq!(discover_from(ours.server(-HOUR..HOUR)), Ok(()));
    for (case, acceptor, expected, what_to_do) in [
        (
            "another authority",
            theirs.server(-HOUR..HOUR),
            "invalid peer certificate: BadSignature",
            "somebody else answers at this address",
        ),
        (
            "not valid yet",
            ours.server(HOUR..2 * HOUR),
            "certificate not valid yet",
            "the clock of this machine says 2",
        ),
        (
            "expired",
            ours.server(-2 * HOUR..-HOUR),
            "certificate expired",
            "the clock of this machine says 2",
        ),
    ] {
        let refused = discover_from(acceptor).unwrap_err();
        assert!(
            refused.starts_with(
                "couldn't validate the identity of the API Server: failed to \
                request the cluster-info"
            ),
            "{case}: {refused}"
        );
        assert!(
            refused.contains(expected) && refused.contains(what_to_do),
            "{case}: {refused}"
        );
    }
}

/// Writes a body without an end until the client hangs up.
async fn talk_without_end(acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    read_request(&mut stream).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    let mut outcome = stream.write_all(head.as_bytes()).await;
    while outcome.is_ok() {
        outcome = stream.write_all(&[b'a'; 1 << 16]).await;
    }
}

#[test]
fn an_endless_answer_is_read_once_and_up_to_a_limit() {
    let ours = Authority::new("kubernetes");
    let server = Server::start(ours.server(-HOUR..HOUR), &json!({}), usize::MAX);
    let listener = server
        .tokio
        .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .unwrap();
    let (address, acceptor, connections) = (
        listener.local_addr().unwrap(),
        ours.server(-HOUR..HOUR),
        server.connections.clone(),
    );
    server.tokio.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(talk_without_end(acceptor.clone(), stream));
        }
    });
    let server = Server { address, ..server };
    let mut patient = joining(&[hash(&ours.certificate)]);
    patient.timeouts.as_mut().unwrap().discovery = Some(Duration::from_secs(300));
    let refused = server.discover(patient).unwrap_err();
    assert!(
        refused.contains("is longer than the limit of 4194304 bytes")
            && refused.contains("compare the address"),
        "{refused}"
    );
    assert_eq!(server.connections(), 1);
}

#[test]
fn an_answer_whose_values_take_much_memory_is_not_read() {
    let ours = Authority::new("kubernetes");
    // A text of 2 MB whose values would take 200 MB.
    let values: Value = json!({"x": vec![json!({"": 0}); 300_000]});
    let mut patient = joining(&[hash(&ours.certificate)]);
    patient.timeouts.as_mut().unwrap().discovery = Some(Duration::from_secs(300));
    let server = Server::start(ours.server(-HOUR..HOUR), &values, 0);
    let refused = server.discover(patient).unwrap_err();
    assert!(
        refused.contains("take more than 16777216 bytes of memory")
            && refused.contains("compare the address"),
        "{refused}"
    );
    assert_eq!(server.connections(), 1);
}

/// A program in a kubeconfig runs only if the operator named the file.
#[test]
fn a_kubeconfig_that_names_a_program_is_refused_and_the_program_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    for user in [
        json!({
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": "touch",
                "args": [mark],
                "interactiveMode": "Never",
            },
        }),
        json!({
            "auth-provider": {"name": "gcp", "config": {"cmd-path": "touch", "cmd-args": mark}},
        }),
    ] {
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "a",
            "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
            "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
            "users": [{"name": "a", "user": user}],
        });
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, kubeconfig.to_string()).unwrap();
        let api = real::cluster(tokio.handle(), path.to_str().unwrap()).unwrap();
        let text = api
            .as_holder_of(&Secret::new(kubeconfig.to_string()))
            .unwrap();
        for failure in [
            api.get(&ObjectRef::cluster_info()).unwrap_err(),
            text.get(&ObjectRef::cluster_info()).unwrap_err(),
        ] {
            assert_eq!(
                failure.code,
                kubephase_wit::FailureCode::Denied,
                "{failure:?}"
            );
        }
        assert!(!mark.exists());
    }
}

#[test]
fn a_server_that_hangs_up_is_asked_again_for_as_long_as_discovery_may_take() {
    let ours = Authority::new("kubernetes");
    let expected = info(&ours.certificate.to_pem(), TOKEN);
    let mut patient = joining(&[hash(&ours.certificate)]);
    patient.timeouts.as_mut().unwrap().discovery = Some(Duration::from_secs(60));
    let server = Server::start(ours.server(-HOUR..HOUR), &expected, 3);
    assert_eq!(server.discover(patient), Ok(()));
    assert_eq!(
        server.connections(),
        5,
        "three in vain, one without trust, one with"
    );
    let server = Server::start(ours.server(-HOUR..HOUR), &expected, usize::MAX);
    let refused = server
        .discover(joining(&[hash(&ours.certificate)]))
        .unwrap_err();
    assert!(
        refused.contains("failed to request the cluster-info ConfigMap: the API server 127.0.0.1:")
            && refused.contains(" cannot be reached: "),
        "{refused}"
    );
    assert!(
        refused.contains("check that this machine can reach the API server"),
        "{refused}"
    );
}
