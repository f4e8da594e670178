//! Discovery over real TLS, from servers that are not what they should be.
use super::tests::{TOKEN, find, hash, info, joining};
use crate::{
    config::JoinConfiguration,
    effect::pki::loopback::{Authority, HOUR},
    world::real,
};
use kubephase_sdk::duration::Duration;
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

/// Tells whoever asks the same, after it hung up on so many.
struct Server {
    tokio: Runtime,
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn start(acceptor: TlsAcceptor, cluster_info: &Value, hangs_up: usize) -> Server {
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = tokio.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let (counter, text) = (asked.clone(), json!({"data": cluster_info}).to_string());
        tokio.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if counter.fetch_add(1, Ordering::Relaxed) >= hangs_up {
                    tokio::spawn(answer(acceptor.clone(), stream, text.clone()));
                }
            }
        });
        Server { tokio, address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// What a node makes of it that has the token and the pin.
    fn found(&self, join: JoinConfiguration) -> Result<(), String> {
        let mut join = join;
        join.discovery.bootstrap_token.as_mut().unwrap().api_server_endpoint = self.address.to_string();
        let api = real::cluster(self.tokio.handle(), "/none").unwrap();
        find(&join, &api).map(drop)
    }
}

/// One request, one answer.
async fn answer(acceptor: TlsAcceptor, stream: TcpStream, text: String) {
    // Whoever does not trust the server hangs up.
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
        request.extend(byte);
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
    let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[test]
fn a_server_is_believed_for_its_authority_and_its_dates() {
    let (ours, theirs) = (Authority::new("kubernetes"), Authority::new("kubernetes"));
    let told = info(&ours.certificate.to_pem(), TOKEN);
    let from = |acceptor| Server::start(acceptor, &told, 0).found(joining(&[hash(&ours.certificate)]));
    assert_eq!(from(ours.server(-HOUR..HOUR)), Ok(()));
    for (case, acceptor, told, what_to_do) in [
        (
            "another authority",
            theirs.server(-HOUR..HOUR),
            "invalid peer certificate: BadSignature",
            "somebody else answers at this address",
        ),
        ("not valid yet", ours.server(HOUR..2 * HOUR), "certificate not valid yet", "the clock of this machine says 2"),
        ("expired", ours.server(-2 * HOUR..-HOUR), "certificate expired", "the clock of this machine says 2"),
    ] {
        let refused = from(acceptor).unwrap_err();
        assert!(
            refused.starts_with("couldn't validate the identity of the API Server: failed to request the cluster-info"),
            "{case}: {refused}"
        );
        assert!(refused.contains(told) && refused.contains(what_to_do), "{case}: {refused}");
    }
}

#[test]
fn a_server_that_hangs_up_is_asked_again_for_as_long_as_discovery_may_take() {
    let ours = Authority::new("kubernetes");
    let told = info(&ours.certificate.to_pem(), TOKEN);
    let mut patient = joining(&[hash(&ours.certificate)]);
    patient.timeouts.as_mut().unwrap().discovery = Some(Duration::from_secs(60));
    let server = Server::start(ours.server(-HOUR..HOUR), &told, 3);
    assert_eq!(server.found(patient), Ok(()));
    assert_eq!(server.asked(), 5, "three in vain, one without trust, one with");
    let server = Server::start(ours.server(-HOUR..HOUR), &told, usize::MAX);
    let refused = server.found(joining(&[hash(&ours.certificate)])).unwrap_err();
    assert!(refused.contains("failed to request the cluster-info ConfigMap: the API server cannot be reached: "), "{refused}");
    assert!(refused.contains("look whether the API server is reached from here"), "{refused}");
}
