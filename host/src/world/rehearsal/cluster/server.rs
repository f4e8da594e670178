//! The API server: HTTPS on loopback, with the certificates and settings that its static Pod names.
use super::{
    super::kept::{Entry, Log},
    controllers,
    controllers::{expired, secret_text},
    policy,
    rbac::User,
    rest::{Api, Call, Reply, Watch},
    signer::Authority,
    status::ApiError,
    store::{Store, core},
    tls::{Identity, holder},
};
use crate::{
    render::{addresses::nth_address, objects::cluster_admins, static_pod::flag},
    world::{Files, Tried},
};
use futures::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use ipnet::IpNet;
use kubephase_wit::Failure;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::Semaphore,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// Larger bodies are refused, as etcd would.
const MAX_BODY: usize = 3 << 20;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What a server is to serve.
pub enum Keeps {
    /// a cluster of its own, as it was kept, and where it is kept from now on
    Own(Vec<Entry>, Arc<Log>),
    /// what another one serves
    Shared(Arc<Api>),
}

/// A server that runs until it is dropped.
pub struct Server {
    api: Arc<Api>,
    address: SocketAddr,
    advertised: String,
    undated: Option<String>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts what a kube-apiserver's static Pod says, on loopback.
    ///
    /// # Errors
    /// `invalid` where the Pod names what cannot be used, `unavailable` where the port is taken.
    pub fn start(
        handle: &Handle,
        pod: &Value,
        files: &dyn Files,
        keeps: Keeps,
        port: u16,
    ) -> Tried<Server> {
        let flag = |name: &str| flag(pod, name);
        let file = |name: &str| {
            let bytes = files.read(flag(name)).map_err(|failure| {
                Failure::new(
                    "invalid",
                    format!("kube-apiserver --{name}: {}", failure.message),
                )
            })?;
            Ok::<_, Failure>(String::from_utf8_lossy(&bytes).into_owned())
        };
        let authority_pem = file("client-ca-file")?;
        let Identity { config, undated } = Identity::load(
            &file("tls-cert-file")?,
            &file("tls-private-key-file")?,
            &authority_pem,
        )
        .map_err(|why| Failure::new("invalid", format!("kube-apiserver: {why}")))?;
        let api = match keeps {
            Keeps::Shared(api) => api,
            Keeps::Own(entries, log) => {
                let services: Option<IpNet> = flag("service-cluster-ip-range")
                    .split(',')
                    .next()
                    .and_then(|range| range.parse().ok());
                let mut store = Store::kept(entries, log);
                policy::install(&mut store);
                let secure_port = flag("secure-port").parse().unwrap_or(6443);
                let first = services
                    .and_then(|range| nth_address(range, 1))
                    .map(|address| address.to_string());
                controllers::install(&mut store, first.as_deref(), secure_port);
                let authority = Authority::at(flag("client-ca-file"), authority_pem, files);
                controllers::reconcile(&mut store, &authority);
                Arc::new(Api {
                    store: Mutex::new(store),
                    authority,
                    services,
                })
            }
        };
        let bind = handle.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
        let listener = bind.map_err(|error| {
            Failure::new(
                "unavailable",
                format!("the embedded API server cannot listen on 127.0.0.1:{port}: {error}"),
            )
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new("unavailable", error.to_string()))?;
        let task = handle.spawn(accept(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            api.clone(),
        ));
        Ok(Server {
            api,
            address,
            advertised: flag("advertise-address").to_owned(),
            undated,
            task,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as the cluster knows it.
    pub fn advertised(&self) -> &str {
        &self.advertised
    }

    /// What it serves, for another one to serve.
    pub fn api(&self) -> Arc<Api> {
        self.api.clone()
    }

    /// Why nobody would trust its certificates now, if so; it serves all the same.
    pub fn undated(&self) -> Option<&str> {
        self.undated.as_deref()
    }

    /// Lets the holders of admin.conf administer, by nobody's leave.
    pub fn bind_admins(&self) {
        let mut store = self
            .api
            .store
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // There already, at worst.
        let _ = store.create(super::store::rbac("clusterrolebindings"), cluster_admins());
    }

    /// What it serves, as a log begins.
    pub fn entries(&self) -> Vec<Entry> {
        self.api
            .store
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries()
    }
}

/// Connections at once; further clients wait until one of them ends.
const CONNECTIONS: usize = 512;
/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client may take to send the body of a request.
const BODY_TIME: Duration = Duration::from_secs(60);
/// How long a connection stays open on which nothing is asked.
const IDLE: Duration = Duration::from_secs(120);
/// After a failed accept (all file descriptors are in use, say): trying again at once would use a
/// whole processor.
const PAUSE: Duration = Duration::from_millis(100);

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, api: Arc<Api>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = places.clone().acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, api) = (acceptor.clone(), api.clone());
        tokio::spawn(async move {
            converse(stream, acceptor, api).await;
            drop(place);
        });
    }
}

/// Serves one client until it leaves, or asks nothing for too long.
async fn converse(stream: TcpStream, acceptor: TlsAcceptor, api: Arc<Api>) {
    // A client that does not trust this server, or that this server cannot trust, gets no answer.
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    let certificate = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|der| holder(der));
    let activity = Arc::new(Activity::default());
    let watched = activity.clone();
    let service = service_fn(move |request| {
        let (api, certificate, request_ended) = (api.clone(), certificate.clone(), watched.begin());
        async move {
            let answer = serve(api, certificate, request).await?;
            // A watch goes on for as long as its body does.
            Ok::<_, Infallible>(answer.map(|body| {
                body.map_frame(move |frame| {
                    let _ = &request_ended;
                    frame
                })
                .boxed_unsync()
            }))
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        // How a connection ends is the client's affair.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        () = activity.idle() => {}
    }
}

/// What goes on on a connection.
struct Activity(Mutex<Requests>);

struct Requests {
    under_way: usize,
    /// When a request last began or ended.
    last: Instant,
}

impl Default for Activity {
    fn default() -> Self {
        Activity(Mutex::new(Requests {
            under_way: 0,
            last: Instant::now(),
        }))
    }
}

impl Activity {
    fn change(&self, change: impl FnOnce(&mut Requests)) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut requests);
        requests.last = Instant::now();
    }

    /// Counts a request as under way until the guard is dropped.
    fn begin(self: &Arc<Self>) -> UnderWay {
        self.change(|requests| requests.under_way += 1);
        UnderWay(self.clone())
    }

    /// Completes when no request has been under way for [`IDLE`].
    async fn idle(&self) {
        loop {
            let rest = {
                let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if requests.under_way > 0 {
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

struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.change(|requests| requests.under_way -= 1);
    }
}

async fn serve(
    api: Arc<Api>,
    certificate: Option<User>,
    request: hyper::Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let header = |name: hyper::header::HeaderName| {
        head.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let user = match (certificate, header(AUTHORIZATION).strip_prefix("Bearer ")) {
        (Some(user), _) => Some(user),
        (None, Some(token)) => bearer(&api, token),
        (None, None) => Some(User::anonymous()),
    };
    let Some(user) = user else {
        return Ok(reply(Reply::Json(401, ApiError::unauthorized().body())));
    };
    let Ok(Ok(body)) = timeout(
        BODY_TIME,
        http_body_util::Limited::new(body, MAX_BODY).collect(),
    )
    .await
    else {
        return Ok(reply(Reply::Json(
            413,
            json!({
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "reason": "RequestEntityTooLarge",
                "code": 413,
            }),
        )));
    };
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let call = Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query,
        content_type: header(CONTENT_TYPE),
        accept: header(ACCEPT),
        body: body.to_bytes().to_vec(),
        user,
    };
    Ok(reply(api.answer(&call)))
}

/// The holder of a bootstrap token.
fn bearer(api: &Api, token: &str) -> Option<User> {
    let (id, secret) = token.split_once('.')?;
    let store = api.store.lock().unwrap_or_else(PoisonError::into_inner);
    let stored = store.get(
        core("secrets"),
        "kube-system",
        &format!("bootstrap-token-{id}"),
    )?;
    let text = |key: &str| secret_text(stored, key).unwrap_or_default();
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(
        text("token-secret").as_bytes(),
        secret.as_bytes(),
    )
    .is_ok();
    if !same
        || text("token-id") != id
        || text("usage-bootstrap-authentication") != "true"
        || expired(stored)
    {
        return None;
    }
    let extra = text("auth-extra-groups");
    let groups = ["system:bootstrappers", "system:authenticated"]
        .into_iter()
        .chain(extra.split(',').filter(|group| !group.is_empty()));
    Some(User {
        name: format!("system:bootstrap:{id}"),
        groups: groups.map(str::to_owned).collect(),
    })
}

fn reply(reply: Reply) -> Response<Body> {
    let (status, kind, body) = match reply {
        Reply::Json(status, value) => (
            status,
            "application/json",
            Full::new(Bytes::from(value.to_string())).boxed_unsync(),
        ),
        Reply::Text(status, text) => (
            status,
            "text/plain; charset=utf-8",
            Full::new(Bytes::from(text)).boxed_unsync(),
        ),
        Reply::Watch(watch) => (200, "application/json", watching(watch)),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}

/// One event a line, for as long as the client stays.
fn watching(watch: Watch) -> Body {
    let Watch {
        resource,
        namespace,
        selectors,
        initial,
        changes,
    } = watch;
    let line = |kind: &str, object: &Value| {
        Ok(Frame::data(Bytes::from(format!(
            "{}\n",
            json!({"type": kind, "object": object})
        ))))
    };
    let first: Vec<Result<Frame<Bytes>, Infallible>> =
        initial.iter().map(|object| line("ADDED", object)).collect();
    let rest = stream::unfold(changes, move |mut changes| {
        let (namespace, selectors) = (namespace.clone(), selectors.clone());
        async move {
            loop {
                // A watch that lags ends; the client lists again.
                let change = changes.recv().await.ok()?;
                let here = namespace.is_empty()
                    || change.object["metadata"]["namespace"] == namespace.as_str();
                if change.resource == resource && here && selectors.fit(&change.object) {
                    return Some((line(change.kind, &change.object), changes));
                }
            }
        }
    });
    BodyExt::boxed_unsync(StreamBody::new(futures::StreamExt::chain(
        stream::iter(first),
        rest,
    )))
}
