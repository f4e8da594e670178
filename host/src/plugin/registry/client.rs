//! A client of one registry (OCI distribution specification) that does not trust the registry.
//!
//! Every answer has a limit of bytes and of time. Credentials and tokens are only sent to the
//! server that they belong to, and are not sent along with a redirect to another server.
mod body;
mod challenge;
mod request;
mod token;

pub use request::{RegistryRequest, Times};

use super::reference::{Reference, is_loopback};
use crate::{plugin::credentials::Keyring, text::sanitise, world::innermost_message};
use anyhow::{Context, Result, anyhow, bail};
use challenge::Challenge;
use http::{
    HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, LOCATION},
};
use reqwest::Response;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use url::Url;

/// The largest number of redirects that are followed for one request.
const MAX_REDIRECTS: usize = 5;
/// Bytes of an error answer that are read at most.
const MAX_ERROR: usize = 16 << 10;

/// A client for one artifact of a registry.
pub struct Client<'a> {
    http: reqwest::Client,
    reference: &'a Reference,
    /// The URL of the registry's API: it ends with `/v2/`.
    base: Url,
    /// `pull` or `pull,push`
    actions: &'static str,
    keyring: Keyring,
    /// The `Authorization` header for the registry's server; `None` until the server asks for it.
    authorization: Option<HeaderValue>,
    times: Times,
    /// The instant at which the total time is over.
    until: Instant,
}

impl<'a> Client<'a> {
    /// Returns a client that may carry out the actions `pull` or `pull,push`. The total time begins
    /// now.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
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
            // A proxy would see requests that must stay on this machine.
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

    /// Returns a URL of the artifact's repository: `manifests/1.0`, `blobs/sha256:…`.
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
    /// There is no answer in time, the answer is not a success, or the registry asks for its
    /// credentials to be sent to a server that must not get them.
    pub async fn ask(&mut self, request: &RegistryRequest) -> Result<Response> {
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

    /// Sends a request and follows redirects. Only the registry's own server gets the credentials.
    async fn follow(&self, request: &RegistryRequest) -> Result<Response> {
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
                anyhow!(
                    "{}: {}",
                    self.server(),
                    sanitise::line(&innermost_message(&error))
                )
            }),
            Err(_) => bail!(
                "{} did not answer within {} s",
                self.server(),
                began.elapsed().as_secs_f64().round()
            ),
        }
    }

    /// Checks a URL to which the registry redirects this client. It has to be HTTPS. If the
    /// registry is on this machine, it may also be HTTP on this machine.
    ///
    /// # Errors
    /// The URL is neither.
    pub fn check_url(&self, url: Url) -> Result<Url> {
        let is_local =
            self.reference.registry.is_local() && url.host().is_some_and(|host| is_loopback(&host));
        if url.scheme() == "https" || url.scheme() == "http" && is_local {
            return Ok(url);
        }
        bail!(
            "{} redirects to {}, which is neither HTTPS nor on this machine",
            self.server(),
            display_url(&url)
        )
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
            self.credentials_hint()
        } else {
            String::new()
        };
        anyhow!("{} answers {status}{reason}{hint}", self.server())
    }

    /// Returns a further line for a message, which says why credentials of the environment were not
    /// used; empty if they were used, or there are none.
    fn credentials_hint(&self) -> String {
        self.keyring
            .explain_unused(&self.reference.registry)
            .map(|hint| format!("\n{hint}"))
            .unwrap_or_default()
    }

    /// Returns the registry's name in messages.
    fn server(&self) -> String {
        format!("the registry {}", self.reference.registry)
    }
}

/// Runs work to its end on a new asynchronous runtime. A signal ends the process meanwhile, because
/// nothing has to be cleaned up.
///
/// # Errors
/// The error of the work, or the runtime cannot be made.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// The body of a registry's error answer (OCI distribution specification).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    errors: Vec<Reason>,
}

/// One error of a registry's error answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: String,
    message: String,
}

/// Returns the URL in the `Location` header of an answer.
///
/// # Errors
/// The answer has no such header.
pub fn location(answer: &Response) -> Result<Url> {
    let location = answer
        .headers()
        .get(LOCATION)
        .and_then(|location| location.to_str().ok());
    location
        .and_then(|location| answer.url().join(location).ok())
        .context("its answer has no valid `Location` header")
}

/// Writes a URL for a message, without user, password, query and fragment, which may hold secrets.
fn display_url(url: &Url) -> String {
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
