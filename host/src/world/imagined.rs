//! A world as a case has it: a node by its description, files in a scratch tree, objects and
//! answers in a list. Phases look at it and propose; nothing of what they propose is carried out.
use super::{
    Cluster, Files, Net, Node, Runtime, TlsFiles, Tried, World,
    budget::Budget,
    files::RootedFiles,
    node::{described::DescribedNode, facts::not_checked},
    reach::Reach,
};
use crate::{arguments::HttpUrl, secret::Secret};
use kubephase_sdk::testing::Case;
use kubephase_wit::{Failure, HttpReply, ObjectRef};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, sync::Arc};

pub struct Imagined {
    files: RootedFiles,
    node: DescribedNode,
    replies: BTreeMap<String, kubephase_sdk::testing::Reply>,
    objects: Objects,
}

impl Imagined {
    /// The world of a case, its files in the tree at `root`.
    ///
    /// # Errors
    /// Where the files cannot be written.
    pub fn new(case: &Case, root: &Path) -> Tried<Imagined> {
        let files = RootedFiles::open(root)
            .map_err(|error| Failure::new("io", format!("{}: {error}", root.display())))?;
        for (path, text) in &case.files {
            files.write(path, text.as_bytes(), 0o644, None)?;
        }
        let node = DescribedNode::new(Arc::new(case.node.clone()), Box::new(|_, _| Ok(false)));
        // By the spelling that the parser gives URLs, which is the one that phases ask by.
        let spelled = |url: &String| HttpUrl::parse(url).map_or_else(|_| url.clone(), String::from);
        let replies = case
            .http
            .iter()
            .map(|(url, reply)| (spelled(url), reply.clone()))
            .collect();
        Ok(Imagined {
            files,
            node,
            replies,
            objects: Objects(case.objects.clone()),
        })
    }
}

impl World for Imagined {
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
        &self.objects
    }
}

impl Net for Imagined {
    fn port_free(&self, port: u16) -> Tried<bool> {
        self.node.port_free(port)
    }

    fn resolve(&self, host: &str) -> Tried<Vec<String>> {
        self.node.resolve(host)
    }

    fn proxy_for(&self, url: &str) -> Tried<Option<String>> {
        self.node.proxy_for(url)
    }

    fn http_get(&self, url: &HttpUrl, _reach: Reach, _budget: &Budget) -> Tried<HttpReply> {
        let reply = self
            .replies
            .get(url.as_str())
            .ok_or_else(|| not_checked(url))?;
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
    ) -> Tried<HttpReply> {
        self.http_get(url, reach, budget)
    }

    fn health(&self, url: &HttpUrl, budget: &Budget) -> Tried<u16> {
        Ok(self.http_get(url, Reach::All, budget)?.status)
    }
}

/// Objects that are there, whoever asks; nothing is written.
#[derive(Clone)]
pub(super) struct Objects(pub(super) Vec<Value>);

fn read_only<T>() -> Tried<T> {
    Err(Failure::new("denied", "phases do not write"))
}

impl Cluster for Objects {
    fn get(&self, of: &ObjectRef) -> Tried<Option<Value>> {
        Ok(self
            .0
            .iter()
            .find(|object| {
                crate::world::object_ref::reference(object).is_ok_and(|found| found == *of)
            })
            .cloned())
    }

    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        _selector: Option<&str>,
    ) -> Tried<Vec<Value>> {
        let listed = |object: &&Value| {
            let here =
                namespace.is_none_or(|namespace| object["metadata"]["namespace"] == namespace);
            object["apiVersion"] == api_version && object["kind"] == kind && here
        };
        Ok(self.0.iter().filter(listed).cloned().collect())
    }

    fn create(&self, _manifest: &Value) -> Tried<Value> {
        read_only()
    }

    fn replace(&self, _manifest: &Value) -> Tried<Value> {
        read_only()
    }

    fn server_side_apply(&self, _manifest: &Value) -> Tried<Value> {
        read_only()
    }

    fn patch(&self, _of: &ObjectRef, _patch: &Value) -> Tried<Value> {
        read_only()
    }

    fn delete(&self, _of: &ObjectRef) -> Tried<()> {
        read_only()
    }

    fn probe(&self, _kubeconfig: &str, _path: &str) -> Tried<u16> {
        Ok(200)
    }

    fn with_kubeconfig(&self, _path: &str) -> Tried<Box<dyn Cluster>> {
        read_only()
    }

    fn as_holder_of(&self, _kubeconfig: &Secret<String>) -> Tried<Box<dyn Cluster>> {
        Ok(Box::new(self.clone()))
    }
}
