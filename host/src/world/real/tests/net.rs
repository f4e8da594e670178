//! HTTP servers on loopback that do not behave.
use super::*;
use crate::{
    arguments::HttpUrl,
    world::reach::{Reach, Services},
};
use std::{collections::BTreeMap, io::Read, io::Write, net::TcpListener, thread, time::Duration};

/// A server that answers each client with this head, and then with these bytes again and again
/// until the client leaves.
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

fn get(url: &HttpUrl, budget: &Budget) -> Tried<kubephase_wit::HttpReply> {
    get_within(Reach::All, url, budget)
}

fn get_within(reach: Reach, url: &HttpUrl, budget: &Budget) -> Tried<kubephase_wit::HttpReply> {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    RealNet::new(tokio.handle().clone(), BTreeMap::new(), Cancel::never())
        .http_get(url, reach, budget)
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
        let failure =
            get_within(Reach::OtherMachines(Services::default()), &url, &budget).unwrap_err();
        assert_eq!(
            failure.code,
            kubephase_wit::FailureCode::Denied,
            "{failure:?}"
        );
    }
}
