//! `plan`: shows which phases of a workflow would run.
use super::{Exit, WorkflowRequest, print, workflow};
use crate::{
    config::ConfigFile,
    plan::show::{self, Format},
    run::prepare::Distribution,
};
use anyhow::Result;

/// The request to plan a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRequest {
    /// the run that is planned
    pub run: WorkflowRequest,
    pub format: Format,
}

/// Prints the plan.
///
/// # Errors
/// The configuration is not valid, the cluster that it comes from does not answer, or a plan is
/// not possible.
pub(super) fn run(
    request: &PlanRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let prepared = workflow::plan(&request.run, file, distribution)?;
    for warning in &prepared.warnings {
        print::warning(warning);
    }
    Ok(print::text(&show::render(&prepared.plan, request.format)))
}
