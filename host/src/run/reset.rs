//! A `reset` up to its plan. It goes by what is on the node, and by what its cluster keeps, where
//! there still is one.
use super::init::{Asked, Prepared, planned, seen};
use crate::{
    config::{self, LoadedReset, ResetFlags},
    phase::catalog::Workflow,
    render::messages,
    wasm::engine::Engine,
    world::{World, node::facts::NodeFacts},
};
use anyhow::Result;

/// A reset that is planned, and whether anybody is asked before.
pub struct PreparedReset {
    pub prepared: Prepared,
    pub force: bool,
}

/// Reads what is given, asks the cluster once, and plans the run. Nothing is changed.
///
/// # Errors
/// Every problem of the configuration; what of the plan does not fit.
pub fn prepare(
    flags: &ResetFlags,
    node: &NodeFacts,
    only: Option<Vec<String>>,
    engine: &Engine,
    world: &dyn World,
    say: &dyn Fn(&str),
) -> Result<PreparedReset> {
    let node = seen(node, Workflow::Reset, only.as_deref());
    let LoadedReset { mut loaded, force } = config::load_reset(flags, &node, world.files())?;
    if let Ok(cluster) = world
        .cluster()
        .with_kubeconfig(&loaded.config.run.kubeconfig)
    {
        messages::reading("reset").iter().for_each(|line| say(line));
        config::learn(&mut loaded, cluster.as_ref());
    }
    let file = config::named(&flags.config);
    let asked = Asked {
        workflow: Workflow::Reset,
        file: file.as_ref(),
        skip: &flags.skip_phases,
        only,
    };
    Ok(PreparedReset {
        prepared: planned(loaded, asked, engine)?,
        force,
    })
}
