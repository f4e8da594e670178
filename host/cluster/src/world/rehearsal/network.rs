//! The network of a rehearsed node: health endpoints of the servers that its kubelet runs, and
//! nothing else.
use super::Rehearsal;
use crate::{
    arguments::HttpUrl,
    budget::Budget,
    world::{Net, TlsFiles, WorldResult, reach::Reach},
};
use kubephase_wit::{Failure, FailureCode, HttpReply};
use url::Url;

/// Whether a URL names this machine itself.
fn is_local(url: &HttpUrl) -> bool {
    Url::parse(url).is_ok_and(|url| {
        matches!(
            url.host_str(),
            Some("127.0.0.1" | "[::1]" | "localhost" | "0.0.0.0" | "[::]")
        )
    })
}

impl Net for Rehearsal {
    fn port_free(&self, port: u16) -> WorldResult<bool> {
        self.node.port_free(port)
    }

    fn resolve(&self, host: &str) -> WorldResult<Vec<String>> {
        self.node.resolve(host)
    }

    fn proxy_for(&self, url: &str) -> WorldResult<Option<String>> {
        self.node.proxy_for(url)
    }

    fn http_get(&self, url: &HttpUrl, reach: Reach, budget: &Budget) -> WorldResult<HttpReply> {
        // A kubelet reads its static Pods again and again on its own.
        self.kubelet.sync()?;
        if let Some(status) = self.kubelet.health_status(url) {
            return Ok(HttpReply {
                status,
                body: b"ok".to_vec(),
            });
        }
        if is_local(url) {
            return Err(Failure {
                retryable: true,
                ..Failure::new(
                    FailureCode::Unavailable,
                    format!("nothing answers at {url}"),
                )
            });
        }
        self.node.http_get(url, reach, budget)
    }

    fn http_get_as(
        &self,
        url: &HttpUrl,
        identity: &TlsFiles,
        reach: Reach,
        budget: &Budget,
    ) -> WorldResult<HttpReply> {
        self.node.http_get_as(url, identity, reach, budget)
    }

    fn health(&self, url: &HttpUrl, budget: &Budget) -> WorldResult<u16> {
        Ok(self.http_get(url, Reach::All, budget)?.status)
    }
}
