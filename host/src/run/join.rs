//! A `join` up to its plan: the cluster is found and trusted, and says how its nodes are made.
use super::init::{Asked, Prepared, planned, seen};
use crate::{
    config::{self, ConfigFile, JoinFlags},
    discovery,
    phase::catalog::Workflow,
    render::messages,
    wasm::engine::Engine,
    world::{World, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};

/// Reads what is given, finds the cluster, reads what it keeps, and plans the run. Nothing is changed, here or there.
///
/// # Errors
/// Every problem of the configuration; why the cluster is not found or not trusted; what of the plan does not fit.
pub fn prepare(
    file: Option<&ConfigFile>,
    flags: &JoinFlags,
    node: &NodeFacts,
    only: Option<Vec<String>>,
    engine: &Engine,
    world: &dyn World,
    say: &dyn Fn(&str),
) -> Result<Prepared> {
    let node = &*seen(node, Workflow::Join, only.as_deref());
    let loaded = config::load_join(file, flags, node)?;
    let told = |failure: kubephase_wit::Failure| anyhow!(failure.told());
    let found = discovery::discover(&loaded.join, world.cluster(), world.net()).map_err(told)?;
    messages::reading("preflight").iter().for_each(|line| say(line));
    let cluster = world.cluster().as_holder_of(&found.kubeconfig).map_err(told)?;
    let loaded = config::from_cluster(loaded, found, cluster.as_ref(), node)?;
    planned(loaded, Asked { workflow: Workflow::Join, file, skip: &flags.skip_phases, only }, engine)
}
