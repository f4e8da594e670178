//! HTTP servers on loopback that misbehave.
use super::*;
use crate::{
    arguments::HttpUrl,
    world::reach::{ClusterSubnets, Reach},
};
use std::{collections::BTreeMap, io::Read, io::Write, net::TcpListener, thread, time::Duration};

/// Returns a server that answers each client with this head, and then with these bytes again and
/// again until the client leaves.
fn serve(head: &'static str, body: &'static [u8], pause: Duration) -> HttpUrl {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = HttpUrl::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut request = [0; 4096];
                let mut outcome = stream
                    .read(&mut request)
                    .and_then(|_| stream.write_all(head.as_bytes()));
                while outcome.is_ok() && !body.is_empty() {
                    outcome = stream.write_all(body);
                    Cancel::never().wait(pause);
                }
            });
        }
    });
    url
}

fn get(url: &HttpUrl, budget: &Budget) -> WorldResult<kubephase_wit::HttpReply> {
    get_within(Reach::All, url, budget)
}

fn get_within(
    reach: Reach,
    url: &HttpUrl,
    budget: &Budget,
) -> WorldResult<kubephase_wit::HttpReply> {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    RealNet::new(tokio.handle().clone(), BTreeMap::new(), Cancel::never())
        .http_get(url, reach, budget)
}

/// Whether a program listens on a port, by the tables of the kernel.
fn is_listened_on(port: u16) -> bool {
    let is_listening = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let ends = fields
            .get(1)
            .is_some_and(|at| at.ends_with(&format!(":{port:04X}")));
        ends && fields.get(3) == Some(&"0A")
    };
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .any(|table| table.lines().any(is_listening))
}

#[test]
fn a_port_is_looked_at_without_listening_on_it() {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let net = RealNet::new(tokio.handle().clone(), BTreeMap::new(), Cancel::never());
    for taken in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
        let listener = TcpListener::bind(taken).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!net.port_free(port).unwrap(), "{taken}");
        drop(listener);
        assert!(net.port_free(port).unwrap(), "{taken}");
        // No client can be answered in between.
        let done = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            let heard = scope.spawn(|| {
                let mut heard = false;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    heard |= is_listened_on(port);
                }
                heard
            });
            for _ in 0..20_000 {
                net.port_free(port).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(!heard.join().unwrap(), "{taken}");
        });
    }
}

const ENDLESS: &str = "HTTP/1.1 200 OK\r\n\r\n";

#[test]
fn a_body_is_read_up_to_the_limit() {
    let budget = Budget::new(1 << 20, Duration::from_secs(60), &Cancel::never());
    let failure = get(&serve(ENDLESS, &[b'a'; 1 << 16], Duration::ZERO), &budget).unwrap_err();
    assert_eq!(
        failure.code,
        kubephase_wit::FailureCode::Limit,
        "{failure:?}"
    );
    let whole = serve(
        "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody",
        b"",
        Duration::ZERO,
    );
    let reply = get(&whole, &budget).unwrap();
    assert_eq!(
        (reply.status, reply.body.as_slice()),
        (404, b"body".as_slice())
    );
}

#[test]
fn a_server_that_drips_ends_at_the_deadline_and_with_the_run() {
    let url = serve(ENDLESS, b"a", Duration::from_millis(10));
    let failure = get(
        &url,
        &Budget::new(1 << 20, Duration::from_millis(200), &Cancel::never()),
    )
    .unwrap_err();
    assert_eq!(
        failure.code,
        kubephase_wit::FailureCode::Timeout,
        "{failure:?}"
    );
    let cancel = Cancel::new();
    let budget = Budget::new(1 << 20, Duration::from_secs(600), &cancel);
    let asked = thread::spawn(move || get(&url, &budget).unwrap_err());
    cancel.request();
    assert_eq!(
        asked.join().unwrap().code,
        kubephase_wit::FailureCode::Cancelled
    );
}

#[test]
fn no_connection_is_made_to_an_address_beyond_reach() {
    let by_address = serve(
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"",
        Duration::ZERO,
    );
    let by_name = by_address.as_str().replace("127.0.0.1", "localhost");
    let by_name = HttpUrl::parse(&by_name).unwrap();
    let budget = Budget::new(1 << 20, Duration::from_secs(60), &Cancel::never());
    for url in [by_address, by_name] {
        assert_eq!(get(&url, &budget).unwrap().status, 200, "{url}");
        let failure = get_within(
            Reach::OtherMachines(ClusterSubnets::default()),
            &url,
            &budget,
        )
        .unwrap_err();
        assert_eq!(
            failure.code,
            kubephase_wit::FailureCode::Denied,
            "{failure:?}"
        );
    }
}
