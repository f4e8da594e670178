//! The network as a node sees it.
use crate::{
    arguments::HttpUrl,
    budget::Budget,
    secret::Secret,
    world::{WorldResult, reach::Reach},
};
use kubephase_wit::HttpReply;
use std::time::Duration;

/// The network as a node sees it.
pub trait Net: Send + Sync {
    /// Whether a TCP port of this node is free.
    fn port_free(&self, port: u16) -> WorldResult<bool>;
    /// Returns the addresses of a host name.
    ///
    /// # Errors
    /// `not-found` if the name has no address.
    fn resolve(&self, host: &str) -> WorldResult<Vec<String>>;
    /// Returns the proxy that a program in this environment would use for a URL; `None` if it is
    /// reached directly.
    fn proxy_for(&self, url: &str) -> WorldResult<Option<String>>;
    /// Whether a server accepts connections at `host:port` within a time. Worlds without a network
    /// of their own say yes.
    fn accepts(&self, _address: &str, _within: Duration) -> bool {
        true
    }
    /// Gets a URL from an address within reach. The certificate of the server is always verified;
    /// redirects are not followed.
    ///
    /// # Errors
    /// `unavailable` (retryable) if the server does not answer; `limit`, `timeout` or `cancelled`
    /// when the budget ends; `denied` if no address of the host is within reach.
    fn http_get(&self, url: &HttpUrl, reach: Reach, budget: &Budget) -> WorldResult<HttpReply>;
    /// Gets a URL from an address within reach, over TLS with files of the node.
    ///
    /// # Errors
    /// The errors of `http_get`; `invalid` if a file does not hold a certificate or key; any error
    /// of reading the files.
    fn http_get_as(
        &self,
        url: &HttpUrl,
        identity: &TlsFiles,
        reach: Reach,
        budget: &Budget,
    ) -> WorldResult<HttpReply>;
    /// Returns the status code of a health endpoint of this node's kubelet or control plane. Their
    /// certificates are self-signed and are not verified on loopback (kubeadm behaviour), so this
    /// is not for phases.
    fn health(&self, url: &HttpUrl, budget: &Budget) -> WorldResult<u16>;
}

/// An authority, a certificate and its key. Each is `None` if it is not used.
#[derive(Debug, Default)]
pub struct TlsFiles {
    /// The authority that the server's certificate has to be signed by.
    pub ca: Option<TlsFile>,
    /// The client's certificate.
    pub cert: Option<TlsFile>,
    /// The key of the client's certificate.
    pub key: Option<TlsFile>,
}

/// A file of the node for a request over TLS: its content, which was read from the file that was
/// judged, and its path for messages.
#[derive(Debug)]
pub struct TlsFile {
    pub path: String,
    /// The content of the file, or the failure to read it.
    pub content: WorldResult<Secret<Vec<u8>>>,
}

impl TlsFile {
    /// Returns the content of the file.
    ///
    /// # Errors
    /// The failure with which the file was read.
    pub fn bytes(&self) -> WorldResult<&[u8]> {
        match &self.content {
            Ok(content) => Ok(content.reveal()),
            Err(failure) => Err(failure.clone()),
        }
    }
}
