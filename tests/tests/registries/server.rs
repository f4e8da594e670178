//! Registries on loopback that misbehave.
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Starts a server on a free port. Returns its address and a count of the requests with
/// credentials.
pub fn serve(
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

/// Sends a whole answer.
pub fn reply(stream: &mut TcpStream, head: &str, body: &str) {
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// Sends pieces of a body, with pauses between them, until the client is gone.
pub fn send_endlessly(stream: &mut TcpStream, piece: &[u8], pause: Duration) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while stream
        .write_all(piece)
        .and_then(|()| stream.flush())
        .is_ok()
    {
        thread::sleep(pause);
    }
}

fn descriptor(media_type: &str, size: usize) -> String {
    format!(
        "{{\"mediaType\":\"{media_type}\",\"digest\":\"sha256:{}\",\"size\":{size}}}",
        "0".repeat(64)
    )
}

/// Returns the manifest of a component of 64 MiB.
pub fn manifest() -> String {
    format!(
        "{{\"schemaVersion\":2,\"config\":{},\"layers\":[{}]}}",
        descriptor("x", 2),
        descriptor("application/wasm", 64 << 20)
    )
}

/// Starts a registry that has a manifest, and sends the component in its own way. Returns its
/// address.
pub fn serve_blob(answer: fn(&mut TcpStream)) -> String {
    let (authority, _) = serve(move |head, stream| {
        if head.contains("/manifests/") {
            reply(stream, "200 OK", &manifest())
        } else {
            answer(stream)
        }
    });
    authority
}
