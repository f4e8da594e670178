//! Connections of clients.
use super::calls::handle_request;
use crate::world::rehearsal::api_server::{requests::ApiState, tls::user_of_certificate};
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use parking_lot::Mutex;
use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// Connections at once; further clients wait until a connection ends.
const CONNECTIONS: usize = 512;
/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection stays open without a request.
const IDLE: Duration = Duration::from_secs(120);
/// Pause after a failed accept (all file descriptors are in use, say): trying again at once would
/// use a whole processor.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts clients for ever.
pub(super) async fn accept_clients(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    api: Arc<ApiState>,
) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(permit) = permits.clone().acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, api) = (acceptor.clone(), api.clone());
        tokio::spawn(async move {
            serve_client(stream, acceptor, api).await;
            drop(permit);
        });
    }
}

/// Serves a client until it leaves, or sends no request for too long.
async fn serve_client(stream: TcpStream, acceptor: TlsAcceptor, api: Arc<ApiState>) {
    // A client that does not trust this server, or that this server cannot trust, gets no answer.
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    let user = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|der| user_of_certificate(der));
    let activity = Arc::new(Activity::default());
    let watched = activity.clone();
    let service = service_fn(move |request| {
        let (api, user, guard) = (api.clone(), user.clone(), watched.begin_request());
        async move {
            let answer = handle_request(api, user, request).await?;
            // A watch goes on for as long as its body does.
            Ok::<_, Infallible>(answer.map(|body| {
                body.map_frame(move |frame| {
                    let _ = &guard;
                    frame
                })
                .boxed_unsync()
            }))
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        // How a connection ends does not matter to the server.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        () = activity.wait_until_idle() => {}
    }
}

/// The requests of a connection.
struct Activity(Mutex<RequestCount>);

struct RequestCount {
    in_progress: usize,
    /// When a request last began or ended.
    last: Instant,
}

impl Default for Activity {
    fn default() -> Self {
        Activity(Mutex::new(RequestCount {
            in_progress: 0,
            last: Instant::now(),
        }))
    }
}

impl Activity {
    fn change(&self, change: impl FnOnce(&mut RequestCount)) {
        let mut requests = self.0.lock();
        change(&mut requests);
        requests.last = Instant::now();
    }

    /// Counts a request as in progress until the guard is dropped.
    fn begin_request(self: &Arc<Self>) -> RequestGuard {
        self.change(|requests| requests.in_progress += 1);
        RequestGuard(self.clone())
    }

    /// Completes when no request has been in progress for [`IDLE`].
    async fn wait_until_idle(&self) {
        loop {
            let rest = {
                let requests = self.0.lock();
                if requests.in_progress > 0 {
                    IDLE
                } else {
                    IDLE.saturating_sub(requests.last.elapsed())
                }
            };
            if rest.is_zero() {
                return;
            }
            sleep(rest).await;
        }
    }
}

/// A request in progress.
struct RequestGuard(Arc<Activity>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.change(|requests| requests.in_progress -= 1);
    }
}
