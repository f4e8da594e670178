//! The world of a test case: a described node, files in a scratch tree, and objects and HTTP
//! answers from lists. Phases observe it and propose; their proposals are not applied.
//!
//! The objects are in `world::fixed_objects`. A world whose effects are applied is in
//! `world::rehearsal`.
use super::{
    Cluster, Files, Net, Node, Runtime, TlsFiles, World, WorldResult,
    files::RootedFiles,
    fixed_objects::FixedObjects,
    node::{described::DescribedNode, facts::not_checked_failure},
    reach::Reach,
};
use crate::arguments::HttpUrl;
use crate::budget::Budget;
use kubephase_sdk::testing::{Case, Reply};
use kubephase_wit::{Failure, FailureCode, HttpReply};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// The world of a test case.
pub struct FakeWorld {
    files: RootedFiles,
    node: DescribedNode,
    replies: BTreeMap<String, Reply>,
    cluster: FixedObjects,
}

impl FakeWorld {
    /// Makes the world of a case, with its files in the tree at `root`.
    ///
    /// # Errors
    /// The files cannot be written.
    pub fn new(case: &Case, root: &Path) -> WorldResult<FakeWorld> {
        let files = RootedFiles::open(root).map_err(|error| {
            Failure::new(FailureCode::Io, format!("{}: {error}", root.display()))
        })?;
        for (path, text) in case.node.files.iter().chain(&case.files) {
            files.write(path, text.as_bytes(), 0o644, None)?;
        }
        let node = DescribedNode::new(Arc::new(case.node.clone()), Box::new(|_, _| Ok(false)));
        let replies = case
            .http
            .iter()
            .map(|(url, reply)| (normalise_url(url), reply.clone()))
            .collect();
        Ok(FakeWorld {
            files,
            node,
            replies,
            cluster: FixedObjects(case.objects.clone()),
        })
    }
}

/// Returns a URL as the parser spells it, which is how phases ask for it.
fn normalise_url(url: &str) -> String {
    HttpUrl::parse(url).map_or_else(|_| url.to_owned(), String::from)
}

impl World for FakeWorld {
    fn files(&self) -> &dyn Files {
        &self.files
    }

    fn node(&self) -> &dyn Node {
        &self.node
    }

    fn net(&self) -> &dyn Net {
        self
    }

    fn runtime(&self) -> &dyn Runtime {
        &self.node
    }

    fn cluster(&self) -> &dyn Cluster {
        &self.cluster
    }
}

impl Net for FakeWorld {
    fn port_free(&self, port: u16) -> WorldResult<bool> {
        self.node.port_free(port)
    }

    fn resolve(&self, host: &str) -> WorldResult<Vec<String>> {
        self.node.resolve(host)
    }

    fn proxy_for(&self, url: &str) -> WorldResult<Option<String>> {
        self.node.proxy_for(url)
    }

    fn http_get(&self, url: &HttpUrl, _reach: Reach, _budget: &Budget) -> WorldResult<HttpReply> {
        let reply = self
            .replies
            .get(url.as_str())
            .ok_or_else(|| not_checked_failure(url))?;
        Ok(HttpReply {
            status: reply.status,
            body: reply.body.clone().into(),
        })
    }

    fn http_get_as(
        &self,
        url: &HttpUrl,
        _identity: &TlsFiles,
        reach: Reach,
        budget: &Budget,
    ) -> WorldResult<HttpReply> {
        self.http_get(url, reach, budget)
    }

    fn health(&self, url: &HttpUrl, budget: &Budget) -> WorldResult<u16> {
        Ok(self.http_get(url, Reach::All, budget)?.status)
    }
}
