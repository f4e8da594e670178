//! Journals that no later run needs any more.
use super::Journal;
use kubephase_sdk::undo::UndoStep;
use std::collections::{BTreeMap, BTreeSet};

/// The largest number of the newest journals that are kept.
const MAX_KEPT: usize = 50;
/// The largest size, in bytes, of the newest journals that are kept, together.
const MAX_KEPT_BYTES: u64 = 256 << 20;

/// Returns the journals that are neither among the newest nor needed to know what is left on the
/// node.
pub fn outdated_journals(
    journals: &[Journal],
    undo: &[UndoStep],
    undone_by: &BTreeMap<u64, BTreeSet<u64>>,
) -> Vec<String> {
    let mut needed: BTreeSet<u64> = undo.iter().map(|step| step.run).collect();
    let (mut bytes, mut room) = (0, true);
    for (index, journal) in journals.iter().rev().enumerate() {
        bytes += journal.bytes;
        room &= index < MAX_KEPT && (index == 0 || bytes <= MAX_KEPT_BYTES);
        if room || !journal.is_whole {
            needed.insert(journal.run);
        }
    }
    // If a kept journal says that a thing was made, the later journals that say it was undone have
    // to be kept too.
    let mut unseen: Vec<u64> = needed.iter().copied().collect();
    while let Some(run) = unseen.pop() {
        for later in undone_by.get(&run).into_iter().flatten() {
            if needed.insert(*later) {
                unseen.push(*later);
            }
        }
    }
    journals
        .iter()
        .filter(|journal| !needed.contains(&journal.run))
        .map(|journal| journal.path.clone())
        .collect()
}
