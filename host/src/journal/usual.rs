//! How long phases usually take on this machine, from the journals of earlier runs.
use super::{list_journals, read_each};
use crate::event::{EventKind, PhaseResult};
use std::{collections::BTreeMap, path::Path};

/// Runs of the workflow that count.
const MAX_RUNS: usize = 5;
/// Journals that are read at most, to find these runs.
const MAX_READ: usize = 12;
/// Bytes of the longest journal that is read: a person waits meanwhile.
const MAX_BYTES: u64 = 2 << 20;

/// Returns the microseconds that each phase of a workflow usually took: the median of its latest
/// runs in which it settled. This is only information for a person, so journals that cannot be read
/// are left out.
pub fn usual_durations(directory: &Path, workflow: &str) -> BTreeMap<String, u64> {
    let journals = list_journals(directory).unwrap_or_default();
    let mut durations: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let small = journals.iter().rev().filter(|journal| {
        let metadata = journal.path.metadata();
        metadata.is_ok_and(|metadata| metadata.len() <= MAX_BYTES)
    });
    let runs = small
        .take(MAX_READ)
        .filter_map(|journal| settled_phases(&journal.path, workflow));
    for (phase, micros) in runs.take(MAX_RUNS).flatten() {
        durations.entry(phase).or_default().push(micros);
    }
    let medians = durations.into_iter().map(|(phase, mut all)| {
        all.sort_unstable();
        (phase, all[all.len() / 2])
    });
    medians.collect()
}

/// Returns the phases of a run that settled, with the microseconds that each took; `None` for a run
/// of another workflow.
fn settled_phases(path: &Path, workflow: &str) -> Option<Vec<(String, u64)>> {
    let (mut is_wanted, mut settled) = (false, Vec::new());
    let mut add = |kind: EventKind| match kind {
        EventKind::RunStarted { workflow: name, .. } => is_wanted = name == workflow,
        EventKind::PhaseEnded {
            phase,
            result: PhaseResult::Settled,
            micros,
        } => settled.push((phase, micros)),
        _ => {}
    };
    read_each(path, &mut |event| add(event.kind)).ok()?;
    is_wanted.then_some(settled)
}
