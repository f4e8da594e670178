//! `reset`, or `reset phase …`.
use super::{
    CliError, Exit, Place, ResetFlags,
    machines::{self, Rest},
    print,
    stage::{self, Scratch, Stage, rehearsed},
};
use crate::{
    cancel::Cancel,
    phase::catalog::Catalog,
    render::messages,
    report::Output,
    run::{
        event::RunResult,
        init::Prepared,
        reset::{self, PreparedReset},
        state::MadeUp,
    },
    wasm::engine::Engine,
    world::{
        World,
        api::{Credentials, Patience},
        node::facts::NodeFacts,
        real::Real,
        rehearsal::{self, Rehearsal, Setting},
    },
};
use anyhow::{Result, anyhow};
use kubephase_sdk::kubeadm::Config;
use std::{
    io::{self, BufRead},
    path::Path,
};
use tokio::runtime::Handle;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetRequest {
    pub flags: ResetFlags,
    /// one phase or group alone, by its id
    pub phase: Option<String>,
    pub place: Place,
    pub verbosity: i32,
}

pub fn run(request: &ResetRequest, engine: &Engine) -> Result<Exit> {
    let facts = super::run::facts(request.place.node.as_deref())?;
    // A scratch tree is that of a rehearsal.
    let facts = if request.place.root.is_some() {
        rehearsed(facts, &request.place)
    } else {
        facts
    };
    let only = request.phase.clone().map(|phase| vec![phase]);
    let output = request.place.form.output;
    let PreparedReset {
        mut prepared,
        force,
    } = {
        let (runtime, empty) = (stage::runtime()?, Scratch::new(None, false)?);
        let (before, _rest) = before(&request.place, &facts, &empty, runtime.handle())?;
        let say = |line: &str| {
            if output == Output::Text {
                print::out(&format!("{line}\n"));
            }
        };
        reset::prepare(&request.flags, &facts, only, engine, before.as_ref(), &say)?
    };
    let dry_run = prepared.dry_run;
    request
        .place
        .root
        .as_deref()
        .map_or(Ok(()), stage::not_the_machine)?;
    let real = !dry_run && request.place.root.is_none();
    super::run::real_node(&request.place, real)?;
    let asks = prepared
        .plan
        .running()
        .any(|node| Catalog::within(&node.id, "preflight"));
    if asks && !force && !dry_run {
        confirm(output)?;
    }
    let finished = if real {
        carry_out(&Stage::real(&prepared, facts)?, request, &mut prepared)?
    } else {
        // A dry run sees what is there, on this very machine or in a tree, and leaves it as it is.
        let Place { root, node, .. } = &request.place;
        let here = node.is_none().then_some(Path::new("/"));
        let below = if dry_run {
            root.as_deref().or(here)
        } else {
            None
        };
        let scratch = Scratch::new(root.as_deref().filter(|_| !dry_run), false)?;
        let stage = Stage::rehearsed(&prepared, facts, &scratch, below, 0)?;
        let finished = carry_out(&stage, request, &mut prepared)?;
        stage.world.forget()?;
        finished
    };
    if let (RunResult::Done, None, Output::Text) = (&finished, &request.phase, output) {
        print::out(messages::RESET);
    }
    Ok(Exit::from(&finished))
}

/// What there is before the run, only to be looked at: this machine, or a tree with its cluster.
fn before(
    place: &Place,
    facts: &NodeFacts,
    empty: &Scratch,
    handle: &Handle,
) -> Result<(Box<dyn World>, Option<Rest>)> {
    if place.root.is_none() && place.node.is_none() {
        return Ok((
            Box::new(Real::open(
                handle,
                facts.clone(),
                &Config::default(),
                &Patience::none(),
            )?),
            None,
        ));
    }
    let rest = place
        .root
        .as_deref()
        .map(|root| Rest::of(root, false, handle, &Cancel::never()))
        .transpose()?
        .flatten();
    let setting = Setting {
        files: rehearsal::files(&empty.path, place.root.as_deref())?,
        facts: facts.clone(),
        credentials: Credentials::text(""),
        cluster: machines::common(rest.as_ref(), &empty.path),
        patience: Patience::none(),
        port: 0,
    };
    Ok((Box::new(Rehearsal::open(handle, setting)?), rest))
}

/// Carries out the reset. After a whole reset, also removes the secrets that earlier runs generated
/// for the node.
fn carry_out<W: World + 'static>(
    stage: &Stage<W>,
    request: &ResetRequest,
    prepared: &mut Prepared,
) -> Result<RunResult> {
    let finished = stage
        .carry_out(prepared, request.place.form.output, request.verbosity > 0)?
        .finished;
    if finished == RunResult::Done && request.phase.is_none() {
        MadeUp::forget(stage.world.files())?;
    }
    Ok(finished)
}

/// Asks the operator to confirm the reset.
fn confirm(output: Output) -> Result<()> {
    if output == Output::Json {
        return Err(CliError::usage(
            "with -o json nobody is asked whether to proceed: add --force",
        )
        .into());
    }
    print::warning(
        "[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will be \
         reverted.",
    );
    print::out("[reset] Are you sure you want to proceed? [y/N]: ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(anyhow!(
        "won't proceed; the user didn't answer (Y|y) in order to continue"
    ))
}
