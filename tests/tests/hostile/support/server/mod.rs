//! HTTP servers on loopback that misbehave in the way that a case needs, and record the requests.

mod answers;

pub use answers::Manner;

use crate::support::server::answers::serve;
use parking_lot::Mutex;
use std::{
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A server that answers every request in one manner until it is dropped.
pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server on a free port.
    pub fn start(manner: Manner) -> Server {
        Server::choose(move |_| manner.clone())
    }

    /// Starts a server over TLS, with a certificate that no client trusts.
    pub fn start_tls(manner: Manner) -> Server {
        let certified =
            rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
                .unwrap();
        let key =
            rustls::pki_types::PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
        Server::listen(move |_| manner.clone(), Some(Arc::new(config)))
    }

    /// Starts a server whose manner depends on the path of the request.
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
                // A client that closes its connection ends its thread with an error, which is
                // expected.
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

    /// Returns the head of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // This wakes up the loop, which then ends; if it fails, the thread ends with the process.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}
