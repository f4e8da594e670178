//! The address at which a server is reached.
use kubephase_sdk::net::{Url, parse_address, parse_port};
use std::net::SocketAddr;

/// Chooses the address that a server is reached at. TLS still checks the name in the server's URL,
/// unless [`Endpoint::skip_validity_check`] is set.
pub trait Resolver: Send + Sync {
    /// Returns the address of a server; `None` to use the address of its URL.
    fn endpoint(&self, server: &Url) -> Option<Endpoint>;
}

/// An address that stands in for the server of a kubeconfig.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The address that is connected to.
    pub address: SocketAddr,
    /// Whether a certificate of the server that TLS does not accept is accepted. Only a rehearsal
    /// needs that, whose server may have a certificate that is not valid at this time.
    pub skip_validity_check: bool,
    /// Whether the server is part of this process. It is not started again after a failure, so a
    /// request that it fails to answer fails for good.
    pub embedded: bool,
}

impl Endpoint {
    /// Returns the address of another process's server, which has a valid certificate.
    pub fn new(address: SocketAddr) -> Endpoint {
        Endpoint {
            address,
            skip_validity_check: false,
            embedded: false,
        }
    }

    /// Returns the endpoint of a URL; `None` if its host is not an address.
    pub fn from_url(url: &Url) -> Option<Endpoint> {
        let port = match (url.port(), url.scheme()) {
            ("", "http") => 80,
            ("", _) => 443,
            (port, _) => parse_port(port)?,
        };
        let address = parse_address(url.host())?;
        Some(Endpoint::new(SocketAddr::new(address, port)))
    }
}

/// Resolves every server to one endpoint.
pub(super) struct FixedEndpoint(pub(super) Endpoint);

impl Resolver for FixedEndpoint {
    fn endpoint(&self, _server: &Url) -> Option<Endpoint> {
        Some(self.0)
    }
}
