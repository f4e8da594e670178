//! `plan`: shows which phases of a workflow would run.
use super::{Exit, WorkflowRequest, print, workflow};
use crate::{
    config::ConfigFile,
    plan::show::{self, Format},
    report::html::{self, PlanPage},
    run::prepare::Distribution,
};
use anyhow::Result;
use std::path::PathBuf;

/// The request to plan a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRequest {
    /// the run that is planned
    pub run: WorkflowRequest,
    pub format: Format,
    /// the file that the plan is written to as a page; `None` to print it
    pub html: Option<PathBuf>,
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
    if let Some(file) = &request.html {
        let page = html::plan_page(&PlanPage {
            plan: &prepared.plan,
            plugins: &prepared.plugin_records(),
            warnings: &prepared.warnings,
            kubernetes_version: &prepared.config.cluster.kubernetes_version,
        });
        return print::to_file(file, &page);
    }
    Ok(print::text(&show::render(&prepared.plan, request.format)))
}
