//! The network as this machine has it.
use crate::{
    arguments::HttpUrl,
    cancel::Cancel,
    world::{Files, Net, TlsFiles, Tried, budget::Budget, innermost, node::proxy},
};
use kubephase_wit::{Failure, HttpReply};
use reqwest::{Certificate, Client, ClientBuilder, Identity, redirect::Policy};
use std::{
    collections::BTreeMap,
    net::{Ipv6Addr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::runtime::Handle;

/// How long the resolver may take.
const RESOLVE: Duration = Duration::from_secs(10);

/// The network as this machine has it.
pub struct RealNet {
    handle: Handle,
    files: Arc<dyn Files>,
    /// Environment variables by name, for proxies.
    environment: BTreeMap<String, String>,
    cancel: Cancel,
}

impl RealNet {
    /// Returns the network of this machine. `files` has the certificates of requests that name
    /// some; `environment` names proxies.
    pub fn new(
        handle: Handle,
        files: Arc<dyn Files>,
        environment: BTreeMap<String, String>,
        cancel: Cancel,
    ) -> Self {
        RealNet {
            handle,
            files,
            environment,
            cancel,
        }
    }

    /// Gets a URL and reads its body as far as the budget allows.
    fn get(&self, url: &HttpUrl, client: ClientBuilder, budget: &Budget) -> Tried<HttpReply> {
        let work = async {
            let client = client
                .no_proxy()
                .redirect(Policy::none())
                .build()
                .map_err(|error| unavailable(url, &error))?;
            read_reply(&client, url, budget).await
        };
        self.handle.block_on(budget.complete(url, work))?
    }
}

async fn read_reply(client: &Client, url: &HttpUrl, budget: &Budget) -> Tried<HttpReply> {
    let mut reply = client
        .get(url.as_str())
        .send()
        .await
        .map_err(|error| unavailable(url, &error))?;
    let (status, mut body) = (reply.status().as_u16(), Vec::new());
    while let Some(chunk) = reply
        .chunk()
        .await
        .map_err(|error| unavailable(url, &error))?
    {
        if body.len() + chunk.len() > budget.bytes {
            return Err(budget.exceeded(&format!("the answer of {url}")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpReply { status, body })
}

fn unavailable(url: &HttpUrl, error: &reqwest::Error) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new("unavailable", format!("{url}: {}", innermost(error)))
    }
}

fn invalid_file(path: &str, error: &reqwest::Error) -> Failure {
    Failure::new("invalid", format!("{path}: {error}"))
}

impl Net for RealNet {
    fn port_free(&self, port: u16) -> Tried<bool> {
        Ok(TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).is_ok())
    }

    fn resolve(&self, host: &str) -> Tried<Vec<String>> {
        let budget = Budget::new(0, RESOLVE, &self.cancel);
        let lookup = self.handle.block_on(budget.complete(
            &format!("the lookup of {host}"),
            tokio::net::lookup_host((host, 0)),
        ))?;
        let found =
            lookup.map_err(|error| Failure::new("not-found", format!("lookup {host}: {error}")))?;
        let mut addresses: Vec<String> = found.map(|address| address.ip().to_string()).collect();
        addresses.dedup();
        Ok(addresses)
    }

    fn proxy_for(&self, url: &str) -> Tried<Option<String>> {
        let url = url::Url::parse(url)
            .map_err(|error| Failure::new("invalid", format!("{url}: {error}")))?;
        Ok(proxy::proxy_for(&self.environment, &url))
    }

    fn http_get(&self, url: &HttpUrl, budget: &Budget) -> Tried<HttpReply> {
        self.get(url, Client::builder(), budget)
    }

    fn http_get_as(&self, url: &HttpUrl, identity: &TlsFiles, budget: &Budget) -> Tried<HttpReply> {
        let mut client = Client::builder();
        if !identity.ca.is_empty() {
            let authority = Certificate::from_pem(&self.files.read(&identity.ca)?)
                .map_err(|error| invalid_file(&identity.ca, &error))?;
            client = client.tls_certs_only([authority]);
        }
        if !identity.cert.is_empty() {
            let pem = [
                self.files.read(&identity.cert)?,
                self.files.read(&identity.key)?,
            ]
            .join(&b'\n');
            client = client.identity(
                Identity::from_pem(&pem).map_err(|error| invalid_file(&identity.cert, &error))?,
            );
        }
        self.get(url, client, budget)
    }

    fn health(&self, url: &HttpUrl, budget: &Budget) -> Tried<u16> {
        let client = Client::builder().tls_danger_accept_invalid_certs(is_loopback(url));
        Ok(self.get(url, client, budget)?.status)
    }
}

fn is_loopback(url: &HttpUrl) -> bool {
    match url.to_url().host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
