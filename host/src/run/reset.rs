//! A `reset` up to its plan. It goes by what is on the node; no cluster has to be there any more.
use super::init::{Asked, Prepared, planned};
use crate::{
    config::{self, LoadedReset, ResetFlags},
    phase::catalog::Workflow,
    wasm::engine::Engine,
    world::node::facts::NodeFacts,
};
use anyhow::Result;

/// A reset that is planned, and whether anybody is asked before.
pub struct PreparedReset {
    pub prepared: Prepared,
    pub force: bool,
    pub dry_run: bool,
}

/// Reads what is given, and plans the run.
///
/// # Errors
/// Every problem of the configuration; what of the plan does not fit.
pub fn prepare(flags: &ResetFlags, node: &NodeFacts, only: Option<Vec<String>>, engine: &Engine) -> Result<PreparedReset> {
    let LoadedReset { loaded, force, dry_run } = config::load_reset(flags, node)?;
    let file = config::named(&flags.config);
    let asked = Asked { workflow: Workflow::Reset, file, skip: &flags.skip_phases, only };
    Ok(PreparedReset { prepared: planned(loaded, asked, engine)?, force, dry_run })
}
