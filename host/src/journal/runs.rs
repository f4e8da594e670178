//! The changes of earlier runs of some workflows on the node, run by run.
use super::{
    history::{journal_paths, open},
    reader::{Events, is_relied_on},
};
use crate::{
    effect::Applied,
    event::{EffectResult, EventKind, RunResult},
    world::{Files, WorldResult},
};
use kubephase_wit::{Failure, FailureCode};
use std::path::Path;

/// An earlier run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlierRun {
    /// number of the run
    pub run: u64,
    /// `upgrade-apply`
    pub workflow: String,
    /// whether the run succeeded
    pub is_done: bool,
    /// kind and target of each effect that changed something, in their order
    pub changes: Vec<(String, String)>,
}

/// Returns the runs of these workflows, the earliest first.
///
/// # Errors
/// A journal cannot be read, or cannot be trusted.
pub fn runs_of(
    files: &dyn Files,
    directory: &str,
    workflows: &[&str],
) -> WorldResult<Vec<EarlierRun>> {
    let mut runs = Vec::new();
    for (run, path) in journal_paths(files, directory)? {
        let found = read_run(files, directory, run, &path)?;
        runs.extend(found.filter(|found| workflows.contains(&found.workflow.as_str())));
    }
    Ok(runs)
}

/// Reads one run; `None` if its journal is empty, because the run was killed before its first
/// event.
fn read_run(
    files: &dyn Files,
    directory: &str,
    run: u64,
    path: &str,
) -> WorldResult<Option<EarlierRun>> {
    let unreadable = |why: &dyn ToString| Failure::new(FailureCode::Invalid, why.to_string());
    let opened = open(files, directory, path)?;
    if opened.meta().size == 0 {
        return Ok(None);
    }
    let mut events =
        Events::begin(Path::new(path), opened.reader()?).map_err(|why| unreadable(&why))?;
    let mut found = EarlierRun {
        run,
        ..EarlierRun::default()
    };
    while let Some(event) = events
        .next_wanted(is_relied_on)
        .map_err(|why| unreadable(&why))?
    {
        match event.kind {
            EventKind::RunStarted { workflow, .. } => found.workflow = workflow,
            EventKind::RunEnded { result, .. } => found.is_done = result == RunResult::Done,
            EventKind::Effect {
                effect,
                result: EffectResult::Applied(Applied::Changed),
                ..
            } => {
                found.changes.push((effect.kind, effect.target));
            }
            _ => {}
        }
    }
    Ok(Some(found))
}
