//! A dry run of a workflow whose result another command prints.
use super::{
    Exit, WorkflowRequest,
    execution::{self, PrintMode},
    initial_world::InitialWorld,
    local_node::LocalNode,
    workflow::{Purpose, WorkflowCommand},
};
use crate::{
    config::{Config, ConfigFile},
    report::{Output, tally::Tally},
    run::{
        prepare::Distribution,
        site::Site,
        workflow::{RehearsalPlace, WorldBefore},
    },
    world::{Files, World},
};
use anyhow::Result;

/// A dry run that succeeded.
pub(super) struct DryRun<'a> {
    pub config: &'a Config,
    pub tally: &'a Tally,
    /// the files of the machine
    pub before: &'a dyn Files,
    /// the files as the run would leave them
    pub after: &'a dyn Files,
}

/// Runs the workflow as a dry run that prints nothing unless it fails. `inspect` gets the run, and
/// prints it.
///
/// # Errors
/// The run cannot begin.
pub(super) fn dry_run(
    request: &WorkflowRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
    inspect: &dyn Fn(&DryRun<'_>) -> Result<Exit>,
) -> Result<Exit> {
    let command = WorkflowCommand::new(request, file, distribution, Purpose::Run)?;
    let place = &request.place;
    let node = LocalNode::begin(place.node.as_deref())?;
    let prepared = command.prepare(node.known_facts())?;
    let facts = command.facts_of_run(node.finish().0);
    let trees = command.workflow.rehearsed_cluster().trees(&RehearsalPlace {
        root: place.root.as_deref(),
        is_described: place.node.is_some(),
        is_dry_run: true,
    });
    let before = InitialWorld::new(place, &facts);
    let site = Site::open_scratch_tree(&prepared, facts.clone(), &trees, 0)?;
    let (ran, tally) = execution::execute(
        PrintMode::IfFailed,
        &site,
        prepared,
        Output::Text,
        request.verbosity,
    )?;
    match Exit::from(&ran.finished.result) {
        Exit::Ok => inspect(&DryRun {
            config: &ran.run.prepared.config,
            tally: &tally,
            before: before.open()?.files(),
            after: site.world.files(),
        }),
        exit => Ok(exit),
    }
}
