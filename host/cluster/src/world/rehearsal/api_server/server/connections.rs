//! Accepts and serves connections of clients, and closes idle ones.
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

/// The number of connections that are open at the same time. Further clients wait until a
/// connection ends.
const MAX_CONNECTIONS: usize = 512;
/// Time limit for the TLS handshake of a client.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time after which a connection without a request is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// Pause after a failed accept (for example, when all file descriptors are in use): an immediate
/// retry would use a whole processor.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The certificate that the server shows to clients which connect from now on.
pub(super) type Acceptor = Arc<Mutex<TlsAcceptor>>;

/// Accepts clients for ever.
pub(super) async fn accept_clients(listener: TcpListener, acceptor: Acceptor, api: Arc<ApiState>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // The semaphore is never closed.
    while let Ok(permit) = permits.clone().acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                sleep(ACCEPT_RETRY_PAUSE).await;
                continue;
            }
        };
        let (acceptor, api) = (acceptor.lock().clone(), api.clone());
        tokio::spawn(async move {
            serve_client(stream, acceptor, api).await;
            drop(permit);
        });
    }
}

/// Serves a client until it leaves, or sends no request for too long.
async fn serve_client(stream: TcpStream, acceptor: TlsAcceptor, api: Arc<ApiState>) {
    // A client whose handshake fails or takes too long gets no answer.
    let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await else {
        return;
    };
    let user = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|der| user_of_certificate(der));
    let activity = Arc::new(Activity::default());
    let activity_of_requests = activity.clone();
    let service = service_fn(move |request| {
        let (api, user) = (api.clone(), user.clone());
        let guard = activity_of_requests.begin_request();
        async move {
            let answer = handle_request(api, user, request).await?;
            // The request is in progress until its body ends, which a watch delays: the closure
            // owns the guard, and is dropped with the body.
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

/// The requests of a connection: how many are in progress, and when one last began or ended.
struct Activity(Mutex<ActivityState>);

struct ActivityState {
    in_progress: usize,
    /// When a request last began or ended.
    last: Instant,
}

impl Default for Activity {
    fn default() -> Self {
        Activity(Mutex::new(ActivityState {
            in_progress: 0,
            last: Instant::now(),
        }))
    }
}

impl Activity {
    /// Updates the count, and the time of the last activity.
    fn update_count(&self, update: impl FnOnce(&mut usize)) {
        let mut state = self.0.lock();
        update(&mut state.in_progress);
        state.last = Instant::now();
    }

    /// Counts a request as in progress until the guard is dropped.
    fn begin_request(self: &Arc<Self>) -> RequestGuard {
        self.update_count(|in_progress| *in_progress += 1);
        RequestGuard(self.clone())
    }

    /// Completes when no request has been in progress for [`IDLE_TIMEOUT`].
    async fn wait_until_idle(&self) {
        loop {
            let wait = {
                let state = self.0.lock();
                if state.in_progress > 0 {
                    IDLE_TIMEOUT
                } else {
                    IDLE_TIMEOUT.saturating_sub(state.last.elapsed())
                }
            };
            if wait.is_zero() {
                return;
            }
            sleep(wait).await;
        }
    }
}

/// A request in progress.
struct RequestGuard(Arc<Activity>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.update_count(|in_progress| *in_progress -= 1);
    }
}
