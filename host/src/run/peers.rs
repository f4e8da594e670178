//! The other machines of a rehearsed cluster, while one of them is reset.
use super::scratch::ScratchTree;
use crate::world::state_directory as state;
use crate::{
    cancel::Cancel,
    config::ADMIN_KUBECONFIG,
    journal::RunLock,
    world::{
        api::{Credentials, RetryLimit},
        node::facts::NodeFacts,
        rehearsal::{self, ClusterState, Rehearsal, Setting},
    },
};
use anyhow::Result;
use kubephase_wit::Failure;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::runtime::Handle;

/// The directory, in the tree of the first machine, that holds the trees of the joining machines.
pub const TREES: &str = "nodes";

/// The longest time for which a request to the API of a rehearsed cluster is retried.
pub const API_TIME: Duration = Duration::from_secs(10);

/// The cluster that the machine of a tree joined in an earlier rehearsal. Its other machines run
/// until this value is dropped.
pub struct PeerCluster {
    cluster: Arc<ClusterState>,
    _first: Rehearsal,
    _scratch: ScratchTree,
    _lock: Option<RunLock>,
}

impl PeerCluster {
    /// Opens the cluster of a tree; `None` if the machine of the tree did not join one. `keeps`
    /// says whether changes of the cluster are kept.
    ///
    /// # Errors
    /// The tree of the first machine cannot be used, or another run uses it.
    pub fn open(
        tree: &Path,
        keeps: bool,
        handle: &Handle,
        cancel: &Cancel,
    ) -> Result<Option<PeerCluster>> {
        let Some(first) = tree_of_first_machine(tree)? else {
            return Ok(None);
        };
        let (lock, scratch) = if keeps {
            let directory = state::make(&first).map_err(Failure::into_error)?;
            let lock = RunLock::acquire(&directory, "reset")?;
            (Some(lock), ScratchTree::open(&first)?)
        } else {
            (None, ScratchTree::temporary()?)
        };
        let cluster = Arc::new(ClusterState::new(&scratch.path));
        let setting = Setting {
            files: rehearsal::files(&scratch.path, (!keeps).then_some(first.as_path()))?,
            has_all_files: false,
            facts: NodeFacts::default(),
            credentials: Credentials::File(ADMIN_KUBECONFIG.into()),
            cluster: cluster.clone(),
            retry_limit: RetryLimit {
                duration: API_TIME,
                cancel: cancel.clone(),
            },
            port: 0,
        };
        Ok(Some(PeerCluster {
            cluster,
            _first: Rehearsal::open(handle, setting)?,
            _scratch: scratch,
            _lock: lock,
        }))
    }

    /// Returns the state that the machines of the cluster share.
    pub fn cluster_state(&self) -> Arc<ClusterState> {
        self.cluster.clone()
    }
}

/// Returns the tree of the machine that began the cluster; `None` if `tree` is not one of its
/// joined machines.
fn tree_of_first_machine(tree: &Path) -> Result<Option<PathBuf>> {
    let tree = std::path::absolute(tree)?;
    let trees = tree.parent().filter(|trees| trees.ends_with(TREES));
    let first = trees.and_then(Path::parent);
    Ok(first
        .filter(|first| ClusterState::is_saved(first))
        .map(Path::to_owned))
}

/// Returns the state of the cluster that the machine of a tree joined. If it joined none, returns
/// the state of a new cluster.
pub fn cluster_state_of(peers: Option<&PeerCluster>, root: &Path) -> Arc<ClusterState> {
    peers.map_or_else(
        || Arc::new(ClusterState::new(root)),
        PeerCluster::cluster_state,
    )
}
