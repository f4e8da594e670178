//! The network of this machine.
use crate::{
    arguments::HttpUrl,
    budget::Budget,
    cancel::Cancel,
    secret::Secret,
    world::{Net, TlsFiles, WorldResult, innermost_message, node::proxy, reach::Reach},
};
use kubephase_wit::{Failure, FailureCode, HttpReply};
use reqwest::{
    Certificate, Client, ClientBuilder, Identity,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use std::{
    collections::BTreeMap,
    future::ready,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::runtime::Handle;

/// Time limit of the resolver.
const RESOLVE: Duration = Duration::from_secs(10);

/// The network of this machine.
pub struct RealNet {
    handle: Handle,
    /// Environment variables by name, for proxies.
    environment: BTreeMap<String, String>,
    cancel: Cancel,
}

impl RealNet {
    /// Returns the network of this machine. `environment` names proxies.
    pub fn new(handle: Handle, environment: BTreeMap<String, String>, cancel: Cancel) -> Self {
        RealNet {
            handle,
            environment,
            cancel,
        }
    }

    /// Gets a URL from an address within reach, and reads its body as far as the budget allows.
    fn get(
        &self,
        url: &HttpUrl,
        client: ClientBuilder,
        reach: Reach,
        budget: &Budget,
    ) -> WorldResult<HttpReply> {
        let work = async {
            let addresses = addresses_within_reach(url, reach).await?;
            // A phase follows a redirect itself, by another call.
            let client = client
                .no_proxy()
                .redirect(Policy::none())
                .dns_resolver(Arc::new(CheckedAddresses(addresses)))
                .build()
                .map_err(|error| unavailable(url, &error))?;
            read_reply(&client, url, budget).await
        };
        self.handle.block_on(budget.complete(url, work))?
    }
}

/// Looks up the host of a URL, and returns those of its addresses that are within reach.
///
/// # Errors
/// `unavailable` (retryable) if the lookup fails; `denied` if no address is within reach.
async fn addresses_within_reach(url: &HttpUrl, reach: Reach) -> WorldResult<Vec<SocketAddr>> {
    let (host, port) = (url.host(), url.port());
    let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![(address, port).into()],
        Err(_) => match tokio::net::lookup_host((host.as_str(), port)).await {
            Ok(found) => found.collect(),
            Err(error) => {
                return Err(Failure {
                    retryable: true,
                    ..Failure::new(
                        FailureCode::Unavailable,
                        format!("{url}: lookup {host}: {error}"),
                    )
                });
            }
        },
    };
    let (mut within, mut refused) = (Vec::new(), None);
    for address in found {
        match reach.check(&host, address.ip()) {
            Ok(()) => within.push(address),
            Err(why) => refused = Some(why),
        }
    }
    match refused {
        Some(why) if within.is_empty() => Err(Failure::new(FailureCode::Denied, why)),
        _ => Ok(within),
    }
}

/// A resolver that returns addresses which were looked up and checked before, for every name. So
/// connections are made only to addresses that were checked.
struct CheckedAddresses(Vec<SocketAddr>);

impl Resolve for CheckedAddresses {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(ready(Ok(addresses)))
    }
}

async fn read_reply(client: &Client, url: &HttpUrl, budget: &Budget) -> WorldResult<HttpReply> {
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
            return Err(budget.size_failure(&format!("the answer of {url}")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpReply { status, body })
}

fn unavailable(url: &HttpUrl, error: &reqwest::Error) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new(
            FailureCode::Unavailable,
            format!("{url}: {}", innermost_message(error)),
        )
    }
}

fn invalid_file(path: &str, error: &reqwest::Error) -> Failure {
    Failure::new(FailureCode::Invalid, format!("{path}: {error}"))
}

impl Net for RealNet {
    fn port_free(&self, port: u16) -> WorldResult<bool> {
        Ok(reserve_port(port).is_ok())
    }

    fn resolve(&self, host: &str) -> WorldResult<Vec<String>> {
        let budget = Budget::new(0, RESOLVE, &self.cancel);
        let lookup = self.handle.block_on(budget.complete(
            &format!("the lookup of {host}"),
            tokio::net::lookup_host((host, 0)),
        ))?;
        let found = lookup.map_err(|error| {
            Failure::new(FailureCode::NotFound, format!("lookup {host}: {error}"))
        })?;
        let mut addresses: Vec<String> = found.map(|address| address.ip().to_string()).collect();
        addresses.dedup();
        Ok(addresses)
    }

    fn proxy_for(&self, url: &str) -> WorldResult<Option<String>> {
        let url = url::Url::parse(url)
            .map_err(|error| Failure::new(FailureCode::Invalid, format!("{url}: {error}")))?;
        Ok(proxy::proxy_for(&self.environment, &url))
    }

    fn accepts(&self, address: &str, within: Duration) -> bool {
        let budget = Budget::new(0, within, &self.cancel);
        let connection = tokio::net::TcpStream::connect(address);
        let tried = self
            .handle
            .block_on(budget.complete("the connection", connection));
        tried.is_ok_and(|connected| connected.is_ok())
    }

    fn http_get(&self, url: &HttpUrl, reach: Reach, budget: &Budget) -> WorldResult<HttpReply> {
        self.get(url, Client::builder(), reach, budget)
    }

    fn http_get_as(
        &self,
        url: &HttpUrl,
        identity: &TlsFiles,
        reach: Reach,
        budget: &Budget,
    ) -> WorldResult<HttpReply> {
        let mut client = Client::builder();
        if let Some(authority) = &identity.ca {
            let read = Certificate::from_pem(authority.bytes()?)
                .map_err(|error| invalid_file(&authority.path, &error))?;
            client = client.tls_certs_only([read]);
        }
        if let Some(certificate) = &identity.cert {
            let key = identity.key.as_ref().ok_or_else(|| {
                Failure::new(
                    FailureCode::Invalid,
                    format!("{}: it needs its key", certificate.path),
                )
            })?;
            let pem = Secret::new([certificate.bytes()?, key.bytes()?].join(&b'\n'));
            client = client.identity(
                Identity::from_pem(pem.reveal())
                    .map_err(|error| invalid_file(&certificate.path, &error))?,
            );
        }
        self.get(url, client, reach, budget)
    }

    fn health(&self, url: &HttpUrl, budget: &Budget) -> WorldResult<u16> {
        let client = Client::builder().tls_danger_accept_invalid_certs(is_loopback(url));
        Ok(self.get(url, client, Reach::All, budget)?.status)
    }
}

/// Reserves a TCP port of all addresses for a moment. The socket never listens, so no client can
/// connect to it. Like a server, it may take a port whose last connections are still closing.
pub(in crate::world) fn reserve_port(port: u16) -> rustix::io::Result<()> {
    let socket = socket_with(
        AddressFamily::INET6,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)))
}

fn is_loopback(url: &HttpUrl) -> bool {
    match url.to_url().host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
