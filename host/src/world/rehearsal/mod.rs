//! A rehearsal: a scratch tree, a node by its description, and an embedded cluster that comes up
//! where the phases put its static Pods. Nothing of the phases is faked; what cannot be known this
//! way is said.

mod cluster;
mod common;
mod etcd;
mod kept;
mod kubelet;
mod outside;
mod overlay;

#[cfg(test)]
pub mod files_only;

use super::{
    Cluster, Etcd, Files, Net, Node, Runtime, TlsFiles, Tried, World,
    api::{Credentials, Patience},
    budget::Budget,
    files::RootedFiles,
    node::{described::DescribedNode, facts::NodeFacts},
    reach::Reach,
};
use crate::arguments::HttpUrl;
use anyhow::{Context, Result, anyhow};
pub use common::Common;
use kubelet::Kubelet;
use kubephase_wit::{Failure, HttpReply};
pub use outside::Outside;
use overlay::Overlay;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::runtime::Handle;

pub struct Rehearsal {
    files: Arc<dyn Files>,
    node: DescribedNode,
    kubelet: Arc<Kubelet>,
    api: Box<dyn Cluster>,
    /// what did not come up as it was, when the rehearsal was opened
    warning: Option<String>,
}

/// What a rehearsal is made of.
pub struct Setting {
    /// what is in them is what the node has
    pub files: Arc<dyn Files>,
    pub facts: NodeFacts,
    /// whose the node is in the cluster: the admin's kubeconfig, or what a node joins with
    pub credentials: Credentials,
    /// of the cluster that the node joins, or makes
    pub common: Arc<Common>,
    /// how long requests to the API are tried
    pub patience: Patience,
    /// the API server's port on loopback; 0 for any that is free
    pub port: u16,
}

/// The files of a scratch tree. `below` is a tree that shows through where that has nothing, and is
/// never written.
///
/// # Errors
/// Where either cannot be used.
pub fn files(root: &Path, below: Option<&Path>) -> Result<Arc<dyn Files>> {
    let rooted = |path: &Path| {
        RootedFiles::open(path)
            .with_context(|| format!("the scratch root {} cannot be used", path.display()))
    };
    let upper = rooted(root)?;
    Ok(match below {
        Some(below) => Arc::new(Overlay::new(upper, rooted(below)?)),
        None => Arc::new(upper),
    })
}

impl Rehearsal {
    /// # Errors
    /// Where the files cannot be used.
    pub fn open(handle: &Handle, setting: Setting) -> Result<Rehearsal> {
        let files = setting.files;
        let facts = Arc::new(setting.facts);
        setting.common.machine(&facts.addresses);
        let kubelet = Arc::new(Kubelet::new(
            handle.clone(),
            files.clone(),
            facts.clone(),
            setting.port,
            setting.common.clone(),
            setting.patience.cancel.clone(),
        ));
        let resumed = kubelet
            .resume()
            .map_err(|failure| anyhow!(failure.message))?;
        let mut described = NodeFacts::clone(&facts);
        if resumed.runs
            && let Some(service) = described.services.get_mut("kubelet")
        {
            service.active = true;
        }
        let hooked = kubelet.clone();
        let on_service = Box::new(move |name: &str, state: &str| match (name, state) {
            ("kubelet", "running" | "restarted") => hooked.start(),
            ("kubelet", "stopped") => {
                hooked.stop();
                Ok(false)
            }
            _ => Ok(false),
        });
        let node = DescribedNode::new(Arc::new(described), on_service);
        let api =
            setting
                .common
                .client(handle, files.clone(), setting.credentials, setting.patience);
        Ok(Rehearsal {
            files,
            node,
            kubelet,
            api,
            warning: resumed.failure,
        })
    }

    /// What was kept of the cluster goes with a node that was reset.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn forget(&self) -> Result<()> {
        self.kubelet
            .forget()
            .map_err(|failure| anyhow!(failure.message))
    }

    /// What of an earlier rehearsal in the same tree did not come up again.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// What it shares with the other machines of the cluster.
    pub fn common(&self) -> Arc<Common> {
        self.kubelet.common().clone()
    }

    /// Where the embedded API server listens, once it runs.
    pub fn endpoint(&self) -> Option<SocketAddr> {
        self.kubelet.endpoint()
    }
}

impl World for Rehearsal {
    fn files(&self) -> &dyn Files {
        self.files.as_ref()
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
        self.api.as_ref()
    }

    fn etcd(&self) -> &dyn Etcd {
        self
    }

    fn bind_admins(&self) -> bool {
        self.kubelet.bind_admins()
    }

    fn not_checked(&self) -> Vec<String> {
        self.node
            .not_checked()
            .into_iter()
            .chain(self.kubelet.notes())
            .collect()
    }
}

/// The node's own endpoints are the kubelet's; everything else is outside.
impl Net for Rehearsal {
    fn port_free(&self, port: u16) -> Tried<bool> {
        self.node.port_free(port)
    }

    fn resolve(&self, host: &str) -> Tried<Vec<String>> {
        self.node.resolve(host)
    }

    fn proxy_for(&self, url: &str) -> Tried<Option<String>> {
        self.node.proxy_for(url)
    }

    fn http_get(&self, url: &HttpUrl, reach: Reach, budget: &Budget) -> Tried<HttpReply> {
        // A kubelet looks at its static Pods all the time.
        self.kubelet.sync()?;
        if let Some(status) = self.kubelet.probe(url) {
            return Ok(HttpReply {
                status,
                body: b"ok".to_vec(),
            });
        }
        let local = url::Url::parse(url).ok().and_then(|url| {
            url.host_str().map(|host| {
                matches!(
                    host,
                    "127.0.0.1" | "[::1]" | "localhost" | "0.0.0.0" | "[::]"
                )
            })
        });
        if local == Some(true) {
            return Err(Failure {
                retryable: true,
                ..Failure::new("unavailable", format!("nothing answers at {url}"))
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
    ) -> Tried<HttpReply> {
        self.node.http_get_as(url, identity, reach, budget)
    }

    fn health(&self, url: &HttpUrl, budget: &Budget) -> Tried<u16> {
        Ok(self.http_get(url, Reach::All, budget)?.status)
    }
}
