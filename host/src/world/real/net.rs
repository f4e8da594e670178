//! The network as this machine has it.
use super::Environment;
use crate::world::{Files, Net, TlsFiles, Tried, innermost, node::proxy};
use kubephase_wit::{Failure, HttpReply};
use std::{
    net::{Ipv6Addr, TcpListener, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};
use tokio::runtime::Handle;

pub struct RealNet {
    handle: Handle,
    files: Arc<dyn Files>,
    environment: Environment,
}

impl RealNet {
    pub fn new(handle: Handle, files: Arc<dyn Files>, environment: Environment) -> Self {
        RealNet { handle, files, environment }
    }

    fn get(&self, url: &str, client: reqwest::ClientBuilder, timeout: Duration) -> Tried<HttpReply> {
        let unavailable =
            |error: reqwest::Error| Failure { retryable: true, ..Failure::new("unavailable", format!("{url}: {}", innermost(&error))) };
        let ask = async {
            let client = client.timeout(timeout).no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
            let reply = client.get(url).send().await?;
            let status = reply.status().as_u16();
            Ok(HttpReply { status, body: reply.bytes().await?.to_vec() })
        };
        self.handle.block_on(ask).map_err(unavailable)
    }
}

impl Net for RealNet {
    fn port_free(&self, port: u16) -> Tried<bool> {
        Ok(TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).is_ok())
    }

    fn resolve(&self, host: &str) -> Tried<Vec<String>> {
        let found = (host, 0).to_socket_addrs().map_err(|error| Failure::new("not-found", format!("lookup {host}: {error}")))?;
        let mut addresses: Vec<String> = found.map(|address| address.ip().to_string()).collect();
        addresses.dedup();
        Ok(addresses)
    }

    fn proxy_for(&self, url: &str) -> Tried<Option<String>> {
        let url = url::Url::parse(url).map_err(|error| Failure::new("invalid", format!("{url}: {error}")))?;
        Ok(proxy::proxy_for(&self.environment, &url))
    }

    /// The node's own endpoints have certificates that nobody signed (kubeadm does not check them either); others are
    /// checked.
    fn http_get(&self, url: &str, timeout: Duration) -> Tried<HttpReply> {
        let parsed = url::Url::parse(url).map_err(|error| Failure::new("invalid", format!("{url}: {error}")))?;
        let local = match parsed.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
            Some(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        self.get(url, reqwest::Client::builder().tls_danger_accept_invalid_certs(local), timeout)
    }

    fn http_get_as(&self, url: &str, identity: &TlsFiles, timeout: Duration) -> Tried<HttpReply> {
        let invalid = |what: &str, error: reqwest::Error| Failure::new("invalid", format!("{what}: {error}"));
        let mut client = reqwest::Client::builder();
        if !identity.ca.is_empty() {
            let authority =
                reqwest::Certificate::from_pem(&self.files.read(&identity.ca)?).map_err(|error| invalid(&identity.ca, error))?;
            client = client.tls_certs_only([authority]);
        }
        if !identity.cert.is_empty() {
            let pem = [self.files.read(&identity.cert)?, self.files.read(&identity.key)?].join(&b'\n');
            client = client.identity(reqwest::Identity::from_pem(&pem).map_err(|error| invalid(&identity.cert, error))?);
        }
        self.get(url, client, timeout)
    }
}
