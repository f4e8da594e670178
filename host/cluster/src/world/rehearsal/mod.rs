//! A rehearsal: a scratch tree, a described node, and an embedded cluster that starts when the
//! phases have written its static Pods. Phases and effects run as on a real machine. What a
//! rehearsal cannot know is reported.
//!
//! | module | content |
//! |---|---|
//! | `cluster_state` | what the machines of a rehearsed cluster share |
//! | `kubelet` | a stand-in for the kubelet, which runs static Pods |
//! | `api_server` | the embedded API server |
//! | `etcd` | the members of etcd |
//! | `persistence` | the log by which a cluster outlives the process |
//! | `overlay` | files of a node that is only read, with changes on top |
//! | `external` | a real cluster that a machine would join |
//! | `no_cluster` | the API of a machine without a cluster |
//! | `network` | the network of the node |
//!
//! The described node itself is in `world::node::described`.

mod api_server;
mod cluster_state;
mod etcd;
mod external;
mod kubelet;
mod network;
mod no_cluster;
mod overlay;
mod persistence;

use super::{
    Cluster, Etcd, Files, Net, Node, Runtime, World,
    api::{Credentials, RetryLimit},
    files::RootedFiles,
    node::{described::DescribedNode, facts::NodeFacts},
};
use anyhow::{Context, Result};
pub(super) use api_server::selects;
pub use cluster_state::ClusterState;
pub use external::{ExternalCluster, StandIns};
use kubelet::{KubeletSettings, KubeletStandIn};
use kubephase_wit::Failure;
use overlay::Overlay;
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// Longest time until the kubelet stand-in has started what the static Pods of a dry run say.
const DRY_RUN_WAIT: Duration = Duration::from_secs(10);

/// A rehearsed machine, as a world.
pub struct Rehearsal {
    files: Arc<dyn Files>,
    node: DescribedNode,
    kubelet: Arc<KubeletStandIn>,
    /// Whether the files include those of a real machine.
    has_all_files: bool,
    api: Box<dyn Cluster>,
    /// The API, for requests that no server will answer.
    hasty_api: Box<dyn Cluster>,
    /// Why the node did not start again in its former state when the rehearsal was opened.
    warning: Option<String>,
}

/// The parts that a rehearsal is made of.
pub struct Setting {
    /// The files of the node.
    pub files: Arc<dyn Files>,
    /// Whether the files include those of a real machine.
    pub has_all_files: bool,
    /// The description of the node.
    pub facts: NodeFacts,
    /// The credentials of the run: the admin's kubeconfig, or the one that a worker joins with.
    pub credentials: Credentials,
    /// The cluster that the node makes or joins.
    pub cluster: Arc<ClusterState>,
    /// The limit on the time for which requests to the API are retried.
    pub retry_limit: RetryLimit,
    /// The port of the API server on loopback; 0 for any free port.
    pub port: u16,
}

/// Opens the files of a scratch tree. `below` is a tree that is read where the scratch tree has no
/// file, and is never written.
///
/// # Errors
/// A directory cannot be opened.
pub fn files(root: &Path, below: Option<&Path>) -> Result<Arc<dyn Files>> {
    let upper = open_root(root)?;
    Ok(match below {
        Some(below) => Arc::new(Overlay::new(upper, open_root(below)?)),
        None => Arc::new(upper),
    })
}

fn open_root(path: &Path) -> Result<RootedFiles> {
    RootedFiles::open(path).with_context(|| {
        format!(
            "the scratch root {} cannot be used (name another directory with --root)",
            path.display()
        )
    })
}

impl Rehearsal {
    /// Marks the kubelet as running: the run leaves out the phase that starts it.
    pub fn presume_kubelet(&self) {
        self.kubelet.presume_running();
    }

    /// Opens a machine. If an earlier rehearsal in the same tree had a cluster, its machine is
    /// started again.
    ///
    /// # Errors
    /// The files cannot be used.
    pub fn open(handle: &Handle, setting: Setting) -> Result<Rehearsal> {
        let files = setting.files;
        setting.cluster.add_machine(&setting.facts.addresses);
        let mut facts = setting.facts.clone();
        let kubelet = Arc::new(KubeletStandIn::new(KubeletSettings {
            handle: handle.clone(),
            files: files.clone(),
            facts: setting.facts,
            cluster: setting.cluster.clone(),
            port: setting.port,
            cancel: setting.retry_limit.cancel.clone(),
        }));
        let resumed = kubelet.resume().map_err(Failure::into_error)?;
        if resumed.runs
            && let Some(service) = facts.services.get_mut("kubelet")
        {
            service.active = true;
        }
        let controlled = kubelet.clone();
        let node = DescribedNode::new(
            Arc::new(facts),
            Box::new(move |name, state| controlled.set_service(name, state)),
        );
        let client = |retry_limit| {
            let (files, credentials) = (files.clone(), setting.credentials.clone());
            setting
                .cluster
                .client(handle, files, credentials, retry_limit)
        };
        let hasty = RetryLimit {
            duration: Duration::ZERO,
            ..setting.retry_limit.clone()
        };
        let (api, hasty_api) = (client(setting.retry_limit), client(hasty));
        Ok(Rehearsal {
            files,
            node,
            kubelet,
            has_all_files: setting.has_all_files,
            api,
            hasty_api,
            warning: resumed.failure,
        })
    }

    /// Removes the saved state of the cluster if the node was reset.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn forget(&self) -> Result<()> {
        self.kubelet.remove_stale_log().map_err(Failure::into_error)
    }

    /// Replaces the kubelet of the machine by that of another version, and starts it.
    ///
    /// # Errors
    /// The files of the machine cannot be read, or a static Pod cannot be run.
    pub fn replace_kubelet(&self, version: &str) -> Result<()> {
        let replaced = self.kubelet.replace_program(version);
        replaced.map_err(Failure::into_error)
    }

    /// Returns why the machine of an earlier rehearsal in the same tree did not start again.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Returns what the machine shares with the other machines of its cluster.
    pub fn cluster_state(&self) -> Arc<ClusterState> {
        self.kubelet.cluster().clone()
    }

    /// Whether the API server and the kubelet will never answer: neither runs, and phases that use
    /// them come after those that start them.
    fn never_answers(&self) -> bool {
        !self.kubelet.is_running() && !self.kubelet.cluster().answers_requests()
    }

    /// Returns the API. If it will never answer, its failures come at once.
    fn answering_api(&self) -> &dyn Cluster {
        if self.never_answers() {
            self.hasty_api.as_ref()
        } else {
            self.api.as_ref()
        }
    }

    /// Returns the address of the embedded API server, if it runs.
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
        // A kubelet reads its static Pods again and again, even if no phase asks for its health.
        // The reason why a Pod does not start shows in the answers of the API.
        let _ = self.kubelet.sync();
        self.answering_api()
    }

    fn etcd(&self) -> &dyn Etcd {
        self
    }

    fn bind_admins(&self) -> bool {
        self.kubelet.bind_admins()
    }

    /// Returns the time after which a wait ends; `None` if it has no end of its own. A dry run that
    /// joins a real cluster ends a wait early, and does not wait at all if none of its phases
    /// starts the kubelet (kubeadm behaviour: a dry run only says what it would wait for).
    fn longest_wait(&self) -> Option<Duration> {
        let is_external = self.kubelet.cluster().is_external();
        if self.kubelet.is_running() {
            is_external.then_some(DRY_RUN_WAIT)
        } else {
            (is_external || self.never_answers()).then_some(Duration::ZERO)
        }
    }

    fn has_all_files(&self) -> bool {
        self.has_all_files
    }

    fn knows_all_names(&self) -> bool {
        false
    }

    fn unchecked_parts(&self) -> Vec<String> {
        self.node
            .unchecked_parts()
            .into_iter()
            .chain(self.kubelet.cluster().unchecked_parts())
            .chain(self.kubelet.notes())
            .collect()
    }
}
