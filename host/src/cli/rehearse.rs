//! `rehearse`: runs `init` in a scratch tree, lets further machines join, and reports.
use super::{
    Exit, InitFlags, RunPlace, VerbosityFlags,
    execution::{Shown, execute},
    local_node::{facts_of, rehearsed_facts},
    print,
};
use crate::{
    config::ConfigFile,
    event::RunResult,
    rehearse::{self, ClusterSize, RehearsedCluster},
    report::{
        Output,
        style::{Painted, Palette},
        summary,
    },
    run::{
        prepare::{Distribution, prepare},
        scratch::ScratchTree,
        site::{Site, SiteRun},
        workflow::Trees,
    },
    workflow::init::{self, Init},
    world::{World, rehearsal::Rehearsal},
};
use anyhow::Result;
use std::time::Duration;

/// The request of `rehearse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearseRequest {
    pub flags: InitFlags,
    pub place: RunPlace,
    /// the port of the API server after the run, 0 for any; `None` if the rehearsal ends
    pub serve: Option<u16>,
    pub machines: ClusterSize,
    pub verbosity: VerbosityFlags,
}

/// Rehearses and reports.
///
/// # Errors
/// The rehearsal cannot begin. A phase that fails is part of the exit code instead.
pub(super) fn run(
    request: &RehearseRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let facts = rehearsed_facts(facts_of(request.place.node.as_deref())?, &request.place);
    let mut flags = request.flags.clone();
    flags.upload_certs |= request.machines.has_joining_control_planes();
    let loaded = init::load(file, &flags, &facts)?;
    let prepared = prepare(distribution, &Init, loaded, file, None)?;
    let scratch = match &request.place.root {
        Some(root) => ScratchTree::at(root)?,
        None => ScratchTree::create_lasting()?,
    };
    let trees = Trees {
        scratch: Some(scratch.path.clone()),
        below: None,
    };
    let site = Site::open_scratch_tree(&prepared, facts, &trees, request.serve.unwrap_or(0))?;
    if let Some(warning) = site.world.warning() {
        print::warning(warning);
    }
    let output = request.place.output.format;
    let (ran, tally) = execute(Shown::Always, &site, prepared, output, request.verbosity)?;
    let is_done = ran.finished.result == RunResult::Done;
    let cluster = RehearsedCluster {
        world: &site.world,
        config: &ran.run.prepared.config,
        root: &scratch.path,
        distribution,
        handle: site.threads.handle(),
        cancel: site.cancel(),
    };
    let joins = if is_done {
        cluster.join(request.machines)?
    } else {
        Vec::new()
    };
    if output == Output::Text {
        let text = summary::render(&tally, &site.world.not_checked(), Palette::stdout());
        let kept = format!("\nThe scratch root is kept at {}\n", scratch.path.display());
        let joined = rehearse::describe_joins(&joins);
        print::painted(&Painted::new(&format!("\n{text}{joined}{kept}")));
    }
    if let Some(failed) = joins.iter().find(|join| join.result != RunResult::Done) {
        return Ok(Exit::from(&failed.result));
    }
    if is_done && request.serve.is_some() {
        serve(&site, &ran, &scratch)?;
    }
    Ok(Exit::from(&ran.finished.result))
}

/// Keeps the API server up until the process is interrupted.
fn serve(site: &Site<Rehearsal>, ran: &SiteRun, scratch: &ScratchTree) -> Result<()> {
    let Some(address) = site.world.endpoint() else {
        return Ok(());
    };
    let config = &ran.run.prepared.config;
    let folder =
        rehearse::serve::write_kubeconfigs(site.world.files(), config, address, &scratch.path)?;
    print::out(&format!(
        "\nThe API server answers at https://{address} until interrupted. Try:\n\n  kubectl \
         --kubeconfig {}/admin.conf get all -A\n\n",
        folder.display()
    ));
    while !site.cancel().wait(Duration::MAX) {}
    Ok(())
}
