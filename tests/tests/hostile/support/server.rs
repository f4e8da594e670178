//! HTTP servers on loopback that behave as a case wants, and write down what they were asked.
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How a server answers.
#[derive(Clone)]
pub enum Manner {
    /// with this status and body, and these further header lines
    Reply {
        status: u16,
        headers: String,
        body: Vec<u8>,
    },
    /// with a body that never ends, as fast as it is read
    EndlessBody,
    /// with one byte of a body after the other, ten a second
    Dripping,
    /// never
    Silent,
}

/// A server that answers every request in one manner until it is dropped.
pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    pub fn start(manner: Manner) -> Server {
        Server::choose(move |_| manner.clone())
    }

    /// A server over TLS, with a certificate that no authority knows.
    pub fn start_tls(manner: Manner) -> Server {
        let made =
            rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
                .unwrap();
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
        Server::listen(move |_| manner.clone(), Some(Arc::new(config)))
    }

    /// A server whose manner depends on the path of the request.
    pub fn choose(choose: impl Fn(&str) -> Manner + Send + Sync + 'static) -> Server {
        Server::listen(choose, None)
    }

    fn listen(
        choose: impl Fn(&str) -> Manner + Send + Sync + 'static,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, stopped) = (Arc::new(Mutex::default()), Arc::new(AtomicBool::new(false)));
        let server = Server {
            port,
            requests: requests.clone(),
            stopped: stopped.clone(),
        };
        let choose = Arc::new(choose);
        thread::spawn(move || {
            for connection in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let (Ok(connection), choose) = (connection, choose.clone()) else {
                    continue;
                };
                let (requests, stopped, tls) = (requests.clone(), stopped.clone(), tls.clone());
                // A client that goes away ends its thread with an error, which is fine.
                thread::spawn(move || match tls {
                    None => serve(connection, choose.as_ref(), &requests, &stopped),
                    Some(config) => {
                        let session =
                            rustls::ServerConnection::new(config).map_err(std::io::Error::other)?;
                        serve(
                            rustls::StreamOwned::new(session, connection),
                            choose.as_ref(),
                            &requests,
                            &stopped,
                        )
                    }
                });
            }
        });
        server
    }

    /// The head of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // The loop wakes up and ends; where that fails the thread ends with the process.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// The head of a request; none where the client is gone.
fn read_head(connection: &mut impl Read) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if connection.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

fn serve(
    mut connection: impl Read + Write,
    choose: &(dyn Fn(&str) -> Manner + Send + Sync),
    requests: &Mutex<Vec<String>>,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    while let Some(head) = read_head(&mut connection)? {
        requests.lock().unwrap().push(head.clone());
        let path = head.split(' ').nth(1).unwrap_or_default();
        match choose(path) {
            Manner::Reply {
                status,
                headers,
                body,
            } => {
                write!(
                    connection,
                    "HTTP/1.1 {status} Reply\r\ncontent-length: {}\r\n{headers}\r\n",
                    body.len()
                )?;
                connection.write_all(&body)?;
                connection.flush()?;
            }
            Manner::EndlessBody => {
                write!(
                    connection,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
                )?;
                let piece = vec![b'a'; 1 << 16];
                while !stopped.load(Ordering::Relaxed) {
                    connection.write_all(&piece)?;
                }
                return Ok(());
            }
            Manner::Dripping => {
                write!(
                    connection,
                    "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"
                )?;
                while !stopped.load(Ordering::Relaxed) {
                    connection.write_all(b"a")?;
                    connection.flush()?;
                    thread::sleep(Duration::from_millis(100));
                }
                return Ok(());
            }
            Manner::Silent => {
                while !stopped.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(50));
                }
                return Ok(());
            }
        }
    }
    Ok(())
}
