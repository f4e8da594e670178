//! A client of one registry (OCI distribution specification) that does not trust the registry.
//!
//! Every answer has a limit of bytes and of time. Credentials and tokens are only sent to the
//! server that they belong to, and are not sent along with a redirect to another server.
use super::reference::{Reference, is_loopback};
use crate::{
    plugin::credentials::{Credentials, Keyring},
    secret::Secret,
    text::sanitise,
    world::innermost,
};
use anyhow::{Context, Result, anyhow, bail};
use data_encoding::BASE64;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE},
};
use hyper::body::Bytes;
use reqwest::Response;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::Url;

/// Redirects that are followed for one request.
const MAX_REDIRECTS: usize = 5;
/// Bytes of a token server's answer that are read at most.
const MAX_TOKEN: usize = 64 << 10;
/// Bytes of an error answer that are read at most.
const MAX_ERROR: usize = 16 << 10;

/// The time limits of a registry.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For the connection, and for the head of an answer.
    pub answer: Duration,
    /// For a whole small answer: a manifest, a token.
    pub small: Duration,
    /// For all requests of one pull or push together.
    pub total: Duration,
    /// The span in which a download has to progress by [`Times::progress`].
    pub span: Duration,
    /// Bytes that have to arrive in each [`Times::span`].
    pub progress: usize,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Times {
            answer: seconds(10),
            small: seconds(15),
            total: seconds(300),
            span: seconds(10),
            progress: 10 << 10,
        }
    }
}

/// A request to a registry.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Request {
    pub fn new(method: Method, url: Url) -> Request {
        Request {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// Sets the media types that the answer may have.
    #[must_use]
    pub fn accept(mut self, media_types: &[&'static str]) -> Request {
        self.headers.extend(
            media_types
                .iter()
                .map(|media_type| (ACCEPT, HeaderValue::from_static(media_type))),
        );
        self
    }

    /// Sets the body and its media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: Bytes) -> Request {
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = Some(body);
        self
    }
}

/// A client for one artifact of a registry.
pub struct Client<'a> {
    http: reqwest::Client,
    reference: &'a Reference,
    /// The URL of the registry's API: it ends with `/v2/`.
    base: Url,
    /// `pull` or `pull,push`
    actions: &'static str,
    keyring: Keyring,
    /// The `Authorization` header for the registry's server; none until the server asks for it.
    authorization: Option<HeaderValue>,
    times: Times,
    /// When the total time is over.
    until: Instant,
}

impl<'a> Client<'a> {
    /// A client that may carry out the actions `pull` or `pull,push`. The total time begins now.
    ///
    /// # Errors
    /// If the system's certificates cannot be read.
    pub fn new(
        reference: &'a Reference,
        actions: &'static str,
        keyring: Keyring,
        times: Times,
    ) -> Result<Client<'a>> {
        let base = reference.registry.url()?;
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(times.answer);
        if reference.registry.is_local() {
            // A proxy would see what is meant for this machine alone.
            http = http.no_proxy();
        }
        let until = Instant::now() + times.total;
        Ok(Client {
            http: http.build()?,
            reference,
            base,
            actions,
            keyring,
            authorization: None,
            times,
            until,
        })
    }

    /// A URL of the artifact's repository: `manifests/1.0`, `blobs/sha256:…`.
    ///
    /// # Errors
    /// Never for a reference that was parsed.
    pub fn url(&self, below: &str) -> Result<Url> {
        Ok(self
            .base
            .join(&format!("{}/{below}", self.reference.repository))?)
    }

    /// Sends a request. Sends it once more with credentials if the registry asks for them.
    ///
    /// # Errors
    /// If there is no answer in time, if the answer is not a success, or if the registry wants the
    /// credentials to be sent to a server that they must not be sent to.
    pub async fn ask(&mut self, request: &Request) -> Result<Response> {
        let mut answer = self.follow(request).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.authorization.is_none() {
            let headers = answer.headers().clone();
            drop(answer);
            self.authenticate(&headers).await?;
            answer = self.follow(request).await?;
        }
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(self.refusal(answer).await)
    }

    /// Reads an answer of at most `limit` bytes.
    ///
    /// # Errors
    /// If the answer is longer, or does not come in time.
    pub async fn read_small(&self, answer: Response, limit: usize) -> Result<Vec<u8>> {
        let until = self.until.min(Instant::now() + self.times.small);
        let late = || {
            anyhow!(
                "{} sends its answer too slowly: it was not there after {} s",
                self.server(),
                self.times.small.as_secs()
            )
        };
        let mut body = Body::new(answer, limit);
        while timeout_at(until, body.read())
            .await
            .map_err(|_| late())?
            .with_context(|| self.server())?
        {}
        Ok(body.content)
    }

    /// Reads an answer of exactly `size` bytes, which have to arrive steadily.
    ///
    /// # Errors
    /// If the answer has another length, or comes too slowly.
    pub async fn read_large(&self, answer: Response, size: usize) -> Result<Vec<u8>> {
        if let Some(announced) = answer
            .content_length()
            .filter(|announced| *announced != size as u64)
        {
            bail!(
                "{} sends {announced} bytes, its manifest says {size}",
                self.server()
            );
        }
        let mut body = Body::new(answer, size);
        loop {
            let (before, until) = (
                body.content.len(),
                self.until.min(Instant::now() + self.times.span),
            );
            let end = loop {
                match timeout_at(until, body.read()).await {
                    Ok(read) => {
                        if !read.with_context(|| self.server())? {
                            break true;
                        }
                        if Instant::now() >= until {
                            break false;
                        }
                    }
                    Err(_) => break false,
                }
            };
            let read = body.content.len();
            match end {
                true if read == size => return Ok(body.content),
                true => bail!(
                    "{} ends after {read} bytes, its manifest says {size}",
                    self.server()
                ),
                false if Instant::now() >= self.until => {
                    bail!(
                        "{}: {read} of {size} bytes came in {} s",
                        self.server(),
                        self.times.total.as_secs()
                    )
                }
                false if read - before < self.times.progress => {
                    bail!(
                        "{} is too slow: {} bytes came in {} s",
                        self.server(),
                        read - before,
                        self.times.span.as_secs()
                    )
                }
                false => {}
            }
        }
    }

    /// Sends a request and follows redirects. Only the registry's own server gets the credentials.
    async fn follow(&self, request: &Request) -> Result<Response> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut sent = self
                .http
                .request(request.method.clone(), url.clone())
                .headers(request.headers.clone());
            if url.origin() == self.base.origin()
                && let Some(authorization) = &self.authorization
            {
                sent = sent.header(AUTHORIZATION, authorization.clone());
            }
            // An upload may take all of the total time. Any other request has to be answered soon.
            let until = match &request.body {
                Some(body) => {
                    sent = sent.body(body.clone());
                    self.until
                }
                None => self.until.min(Instant::now() + self.times.answer),
            };
            let answer = self.send(sent, until).await?;
            let is_redirect = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308)
                && request.method == Method::GET;
            if !is_redirect {
                return Ok(answer);
            }
            url = self.check_url(location(&answer).with_context(|| self.server())?)?;
        }
        bail!(
            "{} redirects more than {MAX_REDIRECTS} times",
            self.server()
        )
    }

    /// Sends one request and waits for the head of the answer.
    async fn send(&self, request: reqwest::RequestBuilder, until: Instant) -> Result<Response> {
        let began = Instant::now();
        match timeout_at(until, request.send()).await {
            Ok(answer) => answer.map_err(|error| {
                anyhow!("{}: {}", self.server(), sanitise::line(&innermost(&error)))
            }),
            Err(_) => bail!(
                "{} did not answer within {} s",
                self.server(),
                began.elapsed().as_secs_f64().round()
            ),
        }
    }

    /// Checks a URL that the registry sends this client to. It has to be HTTPS; it may be HTTP on
    /// this machine if the registry is on this machine.
    ///
    /// # Errors
    /// If the URL is neither.
    pub fn check_url(&self, url: Url) -> Result<Url> {
        let is_local =
            self.reference.registry.is_local() && url.host().is_some_and(|host| is_loopback(&host));
        if url.scheme() == "https" || url.scheme() == "http" && is_local {
            return Ok(url);
        }
        bail!(
            "{} sends to {}, which is neither HTTPS nor on this machine",
            self.server(),
            shown(&url)
        )
    }

    /// Gets the authorization that the registry asks for in its answer to a request without
    /// authorization.
    async fn authenticate(&mut self, headers: &HeaderMap) -> Result<()> {
        let challenges = Challenge::of(headers);
        let registry = &self.reference.registry;
        let credentials = self
            .keyring
            .find(registry, &self.reference.repository)
            .await;
        let credentials =
            credentials.with_context(|| format!("cannot get the credentials of {registry}"))?;
        let mut authorization = match challenges.with_context(|| self.server())? {
            Challenge::Basic => match credentials {
                Some(Credentials::Password { user, password }) => basic(&user, &password)?,
                Some(Credentials::Identity(_)) => {
                    bail!("{} takes no tokens; log in with a password", self.server())
                }
                None => bail!(
                    "{} asks for credentials, and there are none{}",
                    self.server(),
                    self.hint()
                ),
            },
            Challenge::Bearer { realm, service } => {
                self.token(&realm, &service, credentials).await?
            }
        };
        authorization.set_sensitive(true);
        self.authorization = Some(authorization);
        Ok(())
    }

    /// Gets a token from the token server: in exchange for credentials, or an anonymous token.
    async fn token(
        &self,
        realm: &str,
        service: &str,
        credentials: Option<Credentials>,
    ) -> Result<HeaderValue> {
        let registry = &self.reference.registry;
        let realm = Url::parse(realm)
            .map_err(|error| anyhow!("{} asks for a token of no URL: {error}", self.server()))?;
        let realm = self.check_url(realm)?;
        if !realm.username().is_empty() || realm.password().is_some() {
            bail!("{} asks for a token of a URL with a user", self.server());
        }
        if credentials.is_some() && !self.keyring.may_receive(registry, &realm) {
            bail!(
                "{} asks for its credentials to be sent to {}, another server; nothing was sent. \
                 {}",
                self.server(),
                shown(&realm),
                Keyring::advice(registry, &realm)
            );
        }
        let scope = format!("repository:{}:{}", self.reference.repository, self.actions);
        let mut fields = vec![("scope", scope.as_str())];
        if !service.is_empty() {
            fields.push(("service", service));
        }
        let request = match &credentials {
            Some(Credentials::Identity(token)) => {
                fields.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", "kubephase"),
                    ("refresh_token", token.reveal()),
                ]);
                let form = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish();
                self.http
                    .post(realm)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form)
            }
            other => {
                let mut url = realm;
                url.query_pairs_mut().extend_pairs(fields);
                match other {
                    Some(Credentials::Password { user, password }) => self
                        .http
                        .get(url)
                        .header(AUTHORIZATION, basic(user, password)?),
                    _ => self.http.get(url),
                }
            }
        };
        let answer = self
            .send(request, self.until.min(Instant::now() + self.times.answer))
            .await?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer).await);
        }
        let body = Secret::new(self.read_small(answer, MAX_TOKEN).await?);
        // The parser's message could quote the token.
        let token: Token = serde_json::from_slice(body.reveal())
            .map_err(|_| anyhow!("{} gave no token", self.server()))?;
        let Some(token) = token.token.or(token.access_token) else {
            bail!("{} gave no token", self.server())
        };
        let token = Secret::new(format!("Bearer {}", token.reveal()));
        HeaderValue::from_str(token.reveal())
            .map_err(|_| anyhow!("{} gave a token that is none", self.server()))
    }

    /// Makes the error for an answer that is not a success.
    async fn refusal(&self, answer: Response) -> anyhow::Error {
        let status = answer.status();
        // If the body does not arrive or is too long, the error has no reason.
        let body = self.read_small(answer, MAX_ERROR).await.unwrap_or_default();
        let errors: Errors = serde_json::from_slice(&body).unwrap_or_default();
        let reason = errors
            .errors
            .into_iter()
            .map(|error| {
                if error.message.is_empty() {
                    error.code
                } else {
                    error.message
                }
            })
            .next();
        let reason = reason
            .map(|reason| format!(": {}", sanitise::line(&reason)))
            .unwrap_or_default();
        let is_denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let hint = if is_denied {
            self.hint()
        } else {
            String::new()
        };
        anyhow!("{} answers {status}{reason}{hint}", self.server())
    }

    /// Tells why credentials of the environment were not used, as a further line of a message.
    fn hint(&self) -> String {
        self.keyring
            .unused(&self.reference.registry)
            .map(|hint| format!("\n{hint}"))
            .unwrap_or_default()
    }

    /// The registry's name in messages.
    fn server(&self) -> String {
        format!("the registry {}", self.reference.registry)
    }
}

/// Runs work to its end on an asynchronous runtime of its own. A signal ends the process meanwhile,
/// because nothing has to be cleaned up.
///
/// # Errors
/// The work's own.
pub fn complete<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// The body of an answer, and what was read of it.
struct Body {
    answer: Response,
    limit: usize,
    content: Vec<u8>,
}

impl Body {
    fn new(answer: Response, limit: usize) -> Body {
        Body {
            answer,
            limit,
            content: Vec::new(),
        }
    }

    /// Reads the next piece. Returns false at the end.
    async fn read(&mut self) -> Result<bool> {
        if self
            .answer
            .content_length()
            .is_some_and(|length| length > self.limit as u64)
        {
            bail!("its answer is longer than {} bytes", self.limit);
        }
        let piece = self.answer.chunk().await.map_err(|error| {
            anyhow!(
                "its answer breaks off: {}",
                sanitise::line(&innermost(&error))
            )
        })?;
        let Some(piece) = piece else { return Ok(false) };
        if self.content.len() + piece.len() > self.limit {
            bail!("its answer is longer than {} bytes", self.limit);
        }
        self.content.extend_from_slice(&piece);
        Ok(true)
    }
}

/// The kind of authorization that a registry asks for.
enum Challenge {
    Basic,
    Bearer { realm: String, service: String },
}

impl Challenge {
    /// Returns the first challenge of the answer that this client can meet.
    fn of(headers: &HeaderMap) -> Result<Challenge> {
        for header in headers.get_all(WWW_AUTHENTICATE) {
            let Ok(text) = header.to_str() else { continue };
            for challenge in http_auth::parse_challenges(text).unwrap_or_default() {
                let param = |wanted: &str| {
                    let found = challenge
                        .params
                        .iter()
                        .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                    found
                        .map(|(_, value)| value.to_unescaped())
                        .unwrap_or_default()
                };
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    return Ok(Challenge::Bearer {
                        realm: param("realm"),
                        service: param("service"),
                    });
                }
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    return Ok(Challenge::Basic);
                }
            }
        }
        bail!("it asks for credentials in a way that kubephase does not know")
    }
}

/// The answer of a token server.
#[derive(Deserialize)]
struct Token {
    token: Option<Secret<String>>,
    access_token: Option<Secret<String>>,
}

/// The body of a registry's error answer (OCI distribution specification).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    errors: Vec<Reason>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: String,
    message: String,
}

/// Makes the `Authorization` header of a user name and password.
fn basic(user: &str, password: &Secret<String>) -> Result<HeaderValue> {
    let text = Secret::new(format!("{user}:{}", password.reveal()));
    let mut value = HeaderValue::from_str(&format!(
        "Basic {}",
        BASE64.encode(text.reveal().as_bytes())
    ))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the URL in the `Location` header of an answer.
///
/// # Errors
/// If the answer has no such header.
pub fn location(answer: &Response) -> Result<Url> {
    let location = answer
        .headers()
        .get(LOCATION)
        .and_then(|location| location.to_str().ok());
    location
        .and_then(|location| answer.url().join(location).ok())
        .context("its answer should name a URL and names none")
}

/// Writes a URL for a message, without user, password, query and fragment, which may hold secrets.
fn shown(url: &Url) -> String {
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    sanitise::line(&format!(
        "{}://{}{port}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.path()
    ))
    .into_owned()
}
