//! `plan init`: shows which phases would run.
use super::{Exit, InitFlags, local_node, print};
use crate::{
    config::ConfigFile,
    plan::show::{self, Format},
    run::{
        prepare::{Distribution, prepare},
        workflow::Workflow,
    },
    workflow::init::{self, Init},
};
use anyhow::Result;
use std::path::PathBuf;

/// The request of `plan init`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRequest {
    pub flags: InitFlags,
    /// a description of the node
    pub node: Option<PathBuf>,
    pub format: Format,
}

/// Prints the plan.
///
/// # Errors
/// The configuration is not valid, or a plan is not possible.
pub(super) fn run(
    request: &PlanRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let facts = local_node::facts_of(request.node.as_deref())?;
    let node = distribution.visible_facts(&facts, &Init.id(), None);
    let loaded = init::load(file, &request.flags, &node)?;
    let prepared = prepare(distribution, &Init, loaded, file, None)?;
    for warning in &prepared.warnings {
        print::warning(warning);
    }
    Ok(print::out(&show::render(&prepared.plan, request.format)))
}
