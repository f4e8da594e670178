//! A `join` up to its plan: the cluster is found and trusted, and says how its nodes are made.
use super::init::{Asked, Prepared, planned};
use crate::{
    config::{self, JoinFlags},
    discovery,
    phase::catalog::Workflow,
    wasm::engine::Engine,
    world::{World, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
use std::path::Path;

/// Reads what is given, finds the cluster, reads what it keeps, and plans the run. Nothing is changed, here or there.
///
/// # Errors
/// Every problem of the configuration; why the cluster is not found or not trusted; what of the plan does not fit.
pub fn prepare(
    file: Option<&Path>,
    flags: &JoinFlags,
    node: &NodeFacts,
    only: Option<Vec<String>>,
    engine: &Engine,
    world: &dyn World,
    say: &dyn Fn(&str),
) -> Result<Prepared> {
    let loaded = config::load_join(file, flags, node)?;
    let told = |failure: kubephase_wit::Failure| anyhow!(failure.told());
    let found = discovery::discover(&loaded.join, world.cluster(), world.net()).map_err(told)?;
    say("[preflight] Reading configuration from the \"kubeadm-config\" ConfigMap in namespace \"kube-system\"...");
    say("[preflight] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.");
    let cluster = world.cluster().as_holder_of(&found.kubeconfig).map_err(told)?;
    let loaded = config::from_cluster(loaded, found, cluster.as_ref(), node)?;
    planned(loaded, Asked { workflow: Workflow::Join, file, skip: &flags.skip_phases, only }, engine)
}
