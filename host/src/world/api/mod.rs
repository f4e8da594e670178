//! The Kubernetes API, as the holder of a kubeconfig of the node sees it. The one client of every
//! world; a world only says where to dial.

pub mod resources;
mod trust;

use super::{Cluster, Files, Tried, budget::Budget, innermost};
use crate::{
    arguments::{Text, json},
    cancel::Cancel,
    effect::pki,
    secret::Secret,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::{
    Client, Config,
    config::{AuthInfo, KubeConfigOptions, Kubeconfig},
    core::Status,
};
use kubephase_wit::{Failure, ObjectRef};
use resources::{Kind, by_kind, prefix_of};
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, Once, PoisonError},
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// A request takes no longer (kubeadm's ten seconds).
const REQUEST: Duration = Duration::from_secs(10);
/// An answer: a list of two thousand Pods fits.
const ANSWER: Room = Room {
    bytes: 24 << 20,
    memory: 96 << 20,
};
/// An answer to a kubeconfig that is a text: its server may not be trusted yet, and is asked for
/// single objects, of which none is larger than etcd's 1.5 MiB.
const ANSWER_TO_TEXT: Room = Room {
    bytes: 4 << 20,
    memory: json::MAX_DOCUMENT,
};
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Who sets the fields.
pub const MANAGER: &str = "kubephase";

/// Chooses the address that a server is dialled at. TLS still checks the name in the server's URL.
pub trait Dial: Send + Sync {
    /// Returns the address for a server; none to use the address of its URL.
    fn endpoint(&self, server: &url::Url) -> Option<Endpoint>;
}

/// A stand-in for the server of a kubeconfig.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    pub address: SocketAddr,
    /// its certificate cannot be checked, as it is never valid; only ever so in a rehearsal
    pub undated: bool,
    /// the server is part of this process: it is not started again after a failure, so a request
    /// that it fails to answer fails for good
    pub embedded: bool,
}

/// The kubeconfig that says where the server is and who asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Credentials {
    /// a file of the node, read anew for each request
    File(String),
    Text(Arc<Secret<String>>),
}

impl Credentials {
    /// The credentials of a run: the admin's, or, for a worker that joins, the bootstrap kubeconfig
    /// that it joins with.
    pub fn of(config: &crate::config::Config) -> Credentials {
        match &config.join {
            Some(join) if !join.control_plane => Credentials::text(&join.bootstrap_kubeconfig),
            _ => Credentials::File(config.run.kubeconfig.clone()),
        }
    }

    pub fn text(text: &Secret<String>) -> Credentials {
        Credentials::Text(Arc::new(text.clone()))
    }
}

/// A server that is where it is, whatever a kubeconfig says.
struct Fixed(Endpoint);

impl Dial for Fixed {
    fn endpoint(&self, _server: &url::Url) -> Option<Endpoint> {
        Some(self.0)
    }
}

/// How long requests to the API are tried, and what ends them early.
#[derive(Clone, Debug)]
pub struct Patience {
    /// For this long a request is tried again that may succeed later; zero for one try.
    pub time: Duration,
    /// Ends a request that is under way, and the tries.
    pub cancel: Cancel,
}

impl Patience {
    /// One try, that nothing ends early.
    pub fn none() -> Patience {
        Patience {
            time: Duration::ZERO,
            cancel: Cancel::never(),
        }
    }
}

/// What an answer may take.
#[derive(Clone, Copy)]
struct Room {
    /// of its text
    bytes: usize,
    /// of the values of its text
    memory: usize,
}

/// A client, and the kubeconfig and the endpoint that it was made for.
type Made = (Secret<String>, Option<Endpoint>, Client);

/// Blocks; to be called from plain threads.
#[derive(Clone)]
pub struct ApiClient {
    handle: Handle,
    files: Arc<dyn Files>,
    credentials: Credentials,
    dial: Arc<dyn Dial>,
    patience: Patience,
    /// what an answer may take
    room: Room,
    /// The kubeconfig that the operator named on the command line, if any. Programs that
    /// authenticate its user (`exec`, `auth-provider`) are run; those of another kubeconfig are
    /// not.
    named: Option<Credentials>,
    /// it is asked what would come of changes, and nothing is changed
    dry: bool,
    client: Arc<Mutex<Option<Made>>>,
}

impl ApiClient {
    pub fn new(
        handle: Handle,
        files: Arc<dyn Files>,
        credentials: Credentials,
        dial: Arc<dyn Dial>,
        patience: Patience,
    ) -> Self {
        ApiClient {
            handle,
            files,
            credentials,
            dial,
            patience,
            room: ANSWER,
            named: None,
            dry: false,
            client: Arc::default(),
        }
    }

    /// One that runs the programs by which its kubeconfig authenticates the user: only for a
    /// kubeconfig that the operator named on the command line.
    #[must_use]
    pub fn with_programs(self) -> ApiClient {
        let named = self.credentials.clone();
        self.with_programs_of(named)
    }

    /// One that runs such programs whenever it uses this kubeconfig, and not when it uses another.
    #[must_use]
    pub fn with_programs_of(self, named: Credentials) -> ApiClient {
        ApiClient {
            named: Some(named),
            ..self
        }
    }

    /// One that changes nothing: the server says what would come of each change (server-side dry
    /// run, `dryRun=All`).
    #[must_use]
    pub fn dry(self) -> ApiClient {
        ApiClient { dry: true, ..self }
    }

    /// A client for this server with other credentials. Each request is tried once.
    fn other(&self, credentials: Credentials) -> ApiClient {
        let client = if credentials == self.credentials {
            self.client.clone()
        } else {
            Arc::default()
        };
        let room = if matches!(credentials, Credentials::Text(_)) {
            ANSWER_TO_TEXT
        } else {
            ANSWER
        };
        let patience = Patience {
            time: Duration::ZERO,
            ..self.patience.clone()
        };
        ApiClient {
            credentials,
            client,
            patience,
            room,
            ..self.clone()
        }
    }

    /// A client for this server with the credentials of a kubeconfig of the node.
    ///
    /// # Errors
    /// The file does not exist.
    pub fn of_file(&self, path: &str) -> Tried<ApiClient> {
        if self.files.stat(path)?.is_none() {
            return Err(Failure::new("not-found", format!("{path} does not exist")));
        }
        Ok(self.other(Credentials::File(path.to_owned())))
    }

    /// A client for this server with the credentials of a kubeconfig.
    pub fn of_text(&self, kubeconfig: &Secret<String>) -> ApiClient {
        self.other(Credentials::text(kubeconfig))
    }

    /// A kubeconfig of the node, with the files of the node that it names.
    fn whole(&self, path: &str) -> Tried<Secret<String>> {
        let text = Secret::new(self.files.read(path)?);
        let mut kubeconfig = pki::Kubeconfig::parse(&String::from_utf8_lossy(text.reveal()), path)?;
        kubeconfig.embed(&|file| self.files.read(file))?;
        Ok(kubeconfig.to_text())
    }

    /// A client of the kubeconfig as it is now, and whether its server is embedded.
    fn client(&self) -> Tried<(Client, bool)> {
        static PROVIDER: Once = Once::new();
        // Somebody else having installed the same is fine.
        PROVIDER
            .call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
        let (name, text) = match &self.credentials {
            Credentials::File(path) => (path.as_str(), self.whole(path)?),
            Credentials::Text(text) => ("what was discovered", Secret::clone(text)),
        };
        let invalid = |why: String| {
            Failure::new(
                "invalid",
                format!("{name} cannot be used as a kubeconfig: {why}"),
            )
        };
        let parsed =
            Kubeconfig::from_yaml(text.reveal()).map_err(|error| invalid(error.to_string()))?;
        let runs = |user: &AuthInfo| user.exec.is_some() || user.auth_provider.is_some();
        if self.named.as_ref() != Some(&self.credentials)
            && parsed
                .auth_infos
                .iter()
                .filter_map(|user| user.auth_info.as_ref())
                .any(runs)
        {
            let message = format!(
                "{name} authenticates a user by a program (exec or auth-provider), and only the \
                 kubeconfig of --kubeconfig or --discovery-file may name a program to run"
            );
            let remedy = Some("use a kubeconfig with a client certificate or a token".into());
            return Err(Failure {
                remedy,
                ..Failure::new("denied", message)
            });
        }
        let config = self.handle.block_on(Config::from_custom_kubeconfig(
            parsed,
            &KubeConfigOptions::default(),
        ));
        let mut config = config.map_err(|error| invalid(error.to_string()))?;
        let server = url::Url::parse(&config.cluster_url.to_string())
            .map_err(|error| invalid(error.to_string()))?;
        let endpoint = self.dial.endpoint(&server);
        let embedded = endpoint.is_some_and(|endpoint| endpoint.embedded);
        let mut cached = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, at, client)) = cached.as_ref()
            && *known == text
            && *at == endpoint
        {
            return Ok((client.clone(), embedded));
        }
        if let Some(Endpoint {
            address, undated, ..
        }) = endpoint
        {
            config.accept_invalid_certs |= undated;
            config.tls_server_name = server
                .host_str()
                .map(|host| host.trim_matches(['[', ']']).to_owned());
            config.cluster_url = format!("https://{address}")
                .parse()
                .map_err(|_| invalid("it names no server".into()))?;
        }
        config.connect_timeout = Some(REQUEST);
        config.read_timeout = Some(REQUEST);
        config.proxy_url = None;
        let _runtime = self.handle.enter();
        let client = Client::try_from(config).map_err(|error| invalid(error.to_string()))?;
        *cached = Some((text, endpoint, client.clone()));
        Ok((client, embedded))
    }

    fn once(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Tried<String> {
        let (client, embedded) = self.client()?;
        let asking = if self.dry && method != "GET" {
            if path.contains('?') {
                "&dryRun=All"
            } else {
                "?dryRun=All"
            }
        } else {
            ""
        };
        let path = &format!("{path}{asking}");
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .header("accept", "application/json");
        let body = kube::client::Body::from(body.to_vec());
        let request = request
            .body(body)
            .map_err(|error| Failure::new("invalid", format!("{method} {path}: {error}")))?;
        let budget = Budget::new(self.room.bytes, REQUEST, &self.patience.cancel);
        let what = format!("{method} {path}");
        let answer = async {
            let answer = client.send(request).await.map_err(|error| Failure {
                retryable: !(embedded && was_closed(&error)),
                ..unreachable(&error)
            })?;
            let is_final = embedded && answer.status() == http::StatusCode::INTERNAL_SERVER_ERROR;
            let text = text_of(answer, &what, &budget).await;
            text.map_err(|failure| Failure {
                retryable: failure.retryable && !is_final,
                ..failure
            })
        };
        match self.handle.block_on(budget.complete(&what, answer)) {
            Err(failure) if failure.code == "timeout" => Err(unavailable(format!(
                "the API server did not answer {what} within {REQUEST:?}"
            ))),
            outcome => outcome?,
        }
    }

    /// Tries again what may succeed later, from milliseconds on.
    fn request(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Tried<String> {
        let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            match self.once(method, path, content_type, body) {
                Err(failure)
                    if failure.retryable && began.elapsed() + pause < self.patience.time =>
                {
                    if self.patience.cancel.wait(pause) {
                        return Err(Budget::cancelled(&format!("{method} {path}")));
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    fn send(&self, method: &str, path: &str, content_type: &str, body: &Value) -> Tried<Value> {
        let query = if path.contains('?') {
            String::new()
        } else {
            format!("?fieldManager={MANAGER}")
        };
        let text = self.request(
            method,
            &format!("{path}{query}"),
            content_type,
            body.to_string().as_bytes(),
        )?;
        self.read(&text, &format!("{method} {path}"))
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// `limit` where its values take too much memory, `unavailable` where it is not JSON.
    fn read(&self, text: &str, what: &str) -> Tried<Value> {
        let Room { memory, .. } = self.room;
        json::read_within(text, memory).map_err(|error| {
            if json::is_too_large(&error) {
                let why = format!("the values of the API server's answer to {what} take too much");
                return Failure::new("limit", format!("{why}: more than {memory} bytes"));
            }
            unavailable(format!(
                "the API server's answer to {what} is not JSON: {error}"
            ))
        })
    }

    fn resource(&self, api_version: &str, kind: &str) -> Tried<Kind> {
        if let Some(resource) = by_kind(api_version, kind) {
            return Ok(Kind::Known(resource));
        }
        // What is not in the table may be a custom resource of the cluster.
        let prefix = prefix_of(api_version)?;
        let listed = self.request("GET", &prefix, "application/json", &[])?;
        let listed = self.read(&listed, &format!("GET {prefix}"))?;
        let found = listed["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|entry| {
                entry["kind"] == kind && !entry["name"].as_str().unwrap_or_default().contains('/')
            });
        let found = found.ok_or_else(|| {
            Failure::new(
                "not-found",
                format!("the cluster has no {kind} of {api_version}"),
            )
        })?;
        let plural = found["name"].as_str().unwrap_or_default().to_owned();
        Ok(Kind::Found {
            prefix,
            plural,
            namespaced: found["namespaced"] == true,
        })
    }

    /// Objects whose own fields have these values: `type=Opaque`.
    pub fn list_by_fields(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        fields: &str,
    ) -> Tried<Vec<Value>> {
        self.listed(
            api_version,
            kind,
            namespace,
            Some(("fieldSelector", fields)),
        )
    }

    fn listed(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        query: Option<(&str, &str)>,
    ) -> Tried<Vec<Value>> {
        let path = self.resource(api_version, kind)?.path(namespace, None)?;
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let mut list = self.send(
            "GET",
            &format!("{path}?{query}"),
            "application/json",
            &Value::Null,
        )?;
        Ok(match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        })
    }

    fn path(&self, of: &ObjectRef, named: bool) -> Tried<String> {
        self.resource(&of.api_version, &of.kind)?
            .path(of.namespace.as_deref(), named.then_some(of.name.as_str()))
    }
}

fn unavailable(message: String) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new("unavailable", message)
    }
}

fn unreachable(error: &kube::Error) -> Failure {
    Failure {
        remedy: trust::remedy(error),
        ..unavailable(format!(
            "the API server cannot be reached: {}",
            innermost(error)
        ))
    }
}

/// Whether the server closed the connection instead of answering.
fn was_closed(error: &kube::Error) -> bool {
    let mut cause = Some(error as &dyn std::error::Error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_incomplete_message();
        }
        cause = error.source();
    }
    false
}

/// The body of an answer, read up to the limit.
///
/// # Errors
/// What the API server says of a request that it refuses; `limit` where it does not stop talking.
async fn text_of(
    answer: http::Response<kube::client::Body>,
    what: &str,
    budget: &Budget,
) -> Tried<String> {
    let code = answer.status();
    let body = Limited::new(answer.into_body(), budget.bytes)
        .collect()
        .await
        .map_err(|error| match error.downcast_ref() {
            Some(LengthLimitError { .. }) => {
                budget.exceeded(&format!("the API server's answer to {what}"))
            }
            None => unavailable(format!(
                "the API server cannot be reached: {}",
                innermost(error.as_ref())
            )),
        })?;
    let text = String::from_utf8(body.to_bytes().into())
        .map_err(|_| unavailable(format!("the API server's answer to {what} is not text")))?;
    if code.is_client_error() || code.is_server_error() {
        // A proxy in between does not answer with a Status.
        let status = json::read(&text)
            .unwrap_or_else(|_| Status::failure(text.trim(), "").with_code(code.as_u16()));
        return Err(refused(&status));
    }
    Ok(text)
}

/// What the server says, shortened: the server may not be trusted, and people read it.
fn refused(status: &Status) -> Failure {
    let message = Text::parse(&status.message).map_or_else(|why| why, String::from);
    let code = match (status.code, status.reason.as_str()) {
        (409, "AlreadyExists") => "already-exists",
        (409, _) => "conflict",
        (404, _) => "not-found",
        (403, _) => "forbidden",
        (401, _) => {
            let remedy = "a bootstrap token is unknown to the cluster or has expired (on a control \
                plane, `kubephase token create --print-join-command` makes a new one); a \
                certificate is of another cluster, or has expired";
            return Failure {
                remedy: Some(remedy.into()),
                ..Failure::new("unauthorized", message)
            };
        }
        (429 | 500..=599, _) => {
            return unavailable(format!(
                "the API server answered {}: {message}",
                status.code
            ));
        }
        _ => "invalid",
    };
    Failure::new(code, message)
}

impl Cluster for ApiClient {
    fn get(&self, of: &ObjectRef) -> Tried<Option<Value>> {
        match self.send(
            "GET",
            &self.path(of, true)?,
            "application/json",
            &Value::Null,
        ) {
            Ok(object) => Ok(Some(object)),
            Err(failure) if failure.code == "not-found" => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Tried<Vec<Value>> {
        self.listed(
            api_version,
            kind,
            namespace,
            selector.map(|selector| ("labelSelector", selector)),
        )
    }

    fn create(&self, manifest: &Value) -> Tried<Value> {
        let of = crate::effect::objects::reference(manifest)?;
        self.send(
            "POST",
            &self.path(&of, false)?,
            "application/json",
            manifest,
        )
    }

    fn replace(&self, manifest: &Value) -> Tried<Value> {
        let of = crate::effect::objects::reference(manifest)?;
        self.send("PUT", &self.path(&of, true)?, "application/json", manifest)
    }

    fn server_side_apply(&self, manifest: &Value) -> Tried<Value> {
        let of = crate::effect::objects::reference(manifest)?;
        self.send(
            "PATCH",
            &format!(
                "{}?fieldManager={MANAGER}&force=true",
                self.path(&of, true)?
            ),
            "application/apply-patch+yaml",
            manifest,
        )
    }

    fn patch(&self, of: &ObjectRef, patch: &Value) -> Tried<Value> {
        self.send(
            "PATCH",
            &self.path(of, true)?,
            "application/strategic-merge-patch+json",
            patch,
        )
    }

    fn delete(&self, of: &ObjectRef) -> Tried<()> {
        // A body goes before what the query says (API server behaviour).
        let options = if self.dry {
            serde_json::json!({"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]})
        } else {
            Value::Null
        };
        self.send(
            "DELETE",
            &self.path(of, true)?,
            "application/json",
            &options,
        )
        .map(drop)
    }

    fn probe(&self, kubeconfig: &str, url: &str) -> Tried<u16> {
        let mut client = self.other(Credentials::File(kubeconfig.to_owned()));
        let parsed = url::Url::parse(url).ok();
        let address = parsed.as_ref().and_then(|url| {
            let host = url.host_str()?.trim_matches(['[', ']']).parse().ok()?;
            Some(SocketAddr::new(host, url.port_or_known_default()?))
        });
        // Whoever is asked about is who is dialled, not whoever stands before all of them.
        if let Some(endpoint) = parsed.as_ref().and_then(|url| self.dial.endpoint(url)) {
            client.dial = Arc::new(Fixed(endpoint));
        } else if let Some(address) = address {
            client.dial = Arc::new(Fixed(Endpoint {
                address,
                undated: false,
                embedded: false,
            }));
            client.client = Arc::default();
        }
        match client.once(
            "GET",
            parsed.as_ref().map_or(url, url::Url::path),
            "application/json",
            &[],
        ) {
            Ok(_) => Ok(200),
            Err(failure) if failure.code == "forbidden" => Ok(403),
            Err(failure) if failure.code == "unauthorized" => Ok(401),
            Err(failure) => Err(failure),
        }
    }

    fn with_kubeconfig(&self, path: &str) -> Tried<Box<dyn Cluster>> {
        Ok(Box::new(self.of_file(path)?))
    }

    fn as_holder_of(&self, kubeconfig: &Secret<String>) -> Tried<Box<dyn Cluster>> {
        Ok(Box::new(self.of_text(kubeconfig)))
    }

    fn as_operator(&self, kubeconfig: &Secret<String>) -> Tried<Box<dyn Cluster>> {
        Ok(Box::new(self.of_text(kubeconfig).with_programs()))
    }
}

#[cfg(test)]
mod tests;
