//! Servers on this machine that stand for registries.
use super::*;

/// A server on a port of its own, and the requests that it got.
pub(super) struct Server {
    pub(super) authority: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server. `answer` gets the head of each request, and writes the answer.
    pub(super) fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Server {
        Server::on(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    pub(super) fn on(
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

    /// Returns a registry with one plugin. `change` may answer a request itself; then it returns
    /// true.
    pub(super) fn registry(
        change: impl Fn(&str, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Server {
        Server::start(move |head, stream| match () {
            () if change(head, stream) => {}
            () if head.contains("/manifests/") => {
                reply(stream, "200 OK", "", &manifest(BODY.len() as u64))
            }
            () => reply(stream, "200 OK", "", BODY),
        })
    }

    pub(super) fn reference(&self) -> Reference {
        Reference::parse(&format!("{}/team/x:1", self.authority)).unwrap()
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

pub(super) fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    );
    // The client may have gone away.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

/// Sends pieces without an end, with a pause after each.
pub(super) fn stream_without_end(stream: &mut TcpStream, piece: &[u8], pause: Duration) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while stream
        .write_all(piece)
        .and_then(|()| stream.flush())
        .is_ok()
    {
        thread::sleep(pause);
    }
}

/// Returns a registry that asks for credentials with this challenge, and accepts what the client
/// then sends.
pub(super) fn guarded(challenge: String) -> Server {
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

pub(super) fn gives_tokens() -> Server {
    Server::start(|_, stream| reply(stream, "200 OK", "", b"{\"token\": \"t0ken\"}"))
}
