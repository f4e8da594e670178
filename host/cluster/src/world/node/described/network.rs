//! The network of a described node: its own ports and names, and nothing beyond.
use super::DescribedNode;
use crate::{
    arguments::HttpUrl,
    budget::Budget,
    world::{
        Net, TlsFiles, WorldResult,
        node::{facts::not_checked_failure, proxy},
        reach::Reach,
    },
};
use kubephase_wit::{Failure, FailureCode, HttpReply};

impl Net for DescribedNode {
    fn port_free(&self, port: u16) -> WorldResult<bool> {
        Ok(!self.facts.ports_in_use.contains(&port))
    }

    fn resolve(&self, host: &str) -> WorldResult<Vec<String>> {
        self.facts.resolve(host)
    }

    fn proxy_for(&self, url: &str) -> WorldResult<Option<String>> {
        let url = url::Url::parse(url)
            .map_err(|error| Failure::new(FailureCode::Invalid, format!("{url}: {error}")))?;
        Ok(proxy::proxy_for(&self.facts.environment, &url))
    }

    fn http_get(&self, url: &HttpUrl, _reach: Reach, _budget: &Budget) -> WorldResult<HttpReply> {
        Err(not_checked_failure(url))
    }

    fn http_get_as(
        &self,
        url: &HttpUrl,
        _identity: &TlsFiles,
        _reach: Reach,
        _budget: &Budget,
    ) -> WorldResult<HttpReply> {
        Err(not_checked_failure(url))
    }

    fn health(&self, url: &HttpUrl, _budget: &Budget) -> WorldResult<u16> {
        Err(not_checked_failure(url))
    }
}
