//! Collects, event by event, what the journals say about the node.
use super::{last_effect::LastEffects, recorded_effect::RecordedEffect, system::is_allowed};
use crate::{
    effect::{Footprint, Undo},
    event::{EventKind, RunResult},
};
use kubephase_sdk::undo::{Inverse, UndoStep};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The state while the journals are read, one after the other. Reading takes time in proportion to
/// the journals.
#[derive(Default)]
pub struct Fold {
    pub made: BTreeSet<String>,
    /// the paths that the run of the current journal is about to make
    pub intended: BTreeSet<String>,
    /// the steps that undo the effects of the runs so far
    pub left: UndoSteps,
    /// for each run, the later runs that undid effects of it. If the journal of a later run were
    /// removed first, the earlier journal would wrongly say that the effects still hold
    pub undone_by: BTreeMap<u64, BTreeSet<u64>>,
    /// the last effects on files and kernel parameters
    pub last: LastEffects,
}

/// The steps that undo the effects of the runs so far. There may be very many inverses, so each is
/// in memory once.
#[derive(Default)]
pub struct UndoSteps {
    moments: usize,
    inverses: BTreeMap<Inverse, Noted>,
}

/// The moment at which an inverse was noted. If several effects have the same inverse, the latest
/// counts.
#[derive(Default)]
struct Noted {
    /// the moment of the latest effect
    moment: usize,
    /// the workflow of the latest effect
    workflow: Arc<str>,
    /// the runs whose journals name the inverse, the latest last
    runs: Vec<u64>,
}

impl UndoSteps {
    /// Notes the inverse of an effect. Runs have to be noted in their order.
    fn note(&mut self, inverse: Inverse, run: u64, workflow: &Arc<str>) {
        self.moments += 1;
        let noted = self.inverses.entry(inverse).or_default();
        noted.moment = self.moments;
        noted.workflow = workflow.clone();
        if noted.runs.last() != Some(&run) {
            noted.runs.push(run);
        }
    }

    /// Returns all inverses, the latest first.
    pub fn latest_first(self) -> Vec<UndoStep> {
        let mut inverses: Vec<(Inverse, Noted)> = self.inverses.into_iter().collect();
        inverses.sort_unstable_by_key(|(_, noted)| Reverse(noted.moment));
        let inverses = inverses.into_iter();
        let step = |(inverse, noted): (Inverse, Noted)| UndoStep {
            inverse,
            run: noted.runs.last().copied().unwrap_or_default(),
            workflow: (*noted.workflow).to_owned(),
        };
        inverses.map(step).collect()
    }
}

impl Fold {
    /// Notes what an event says about the node.
    pub fn note_event(&mut self, what: EventKind, run: u64, workflow: &mut Arc<str>) {
        match what {
            EventKind::RunStarted { workflow: name, .. } => *workflow = name.into(),
            EventKind::Intended { targets, .. } => self.intended.extend(targets),
            EventKind::RunEnded { result, .. } => {
                self.intended.clear();
                if result == RunResult::Done {
                    self.last.end_run(workflow);
                }
            }
            EventKind::Effect {
                effect,
                result,
                made,
                directories,
                footprint,
                ..
            } => {
                let effect = RecordedEffect {
                    kind: effect.kind,
                    target: effect.target,
                    digest: effect.digest,
                    result,
                    made,
                    directories,
                    footprint: footprint.unwrap_or_default(),
                };
                self.last.note(&effect, run, workflow);
                self.note_effect(effect, run, workflow);
            }
            _ => {}
        }
    }

    fn note_effect(&mut self, effect: RecordedEffect, run: u64, workflow: &Arc<str>) {
        self.intended.remove(&effect.target);
        self.made
            .extend(effect.made.iter().chain(&effect.directories).cloned());
        let (has_changed, holds) = (effect.has_changed(), effect.holds());
        let Footprint {
            paths,
            undo,
            undoes,
        } = effect.footprint;
        if has_changed {
            self.note_paths(undoes.as_ref(), effect.target, paths);
        }
        if let Some(undone) = undoes.filter(|_| holds) {
            self.forget(&undone, run);
        }
        match undo {
            Undo::By(inverse) if has_changed => self.note(inverse, run, workflow),
            Undo::By(_) | Undo::Nothing => {}
            Undo::RemoveCreated => {
                for path in effect.made {
                    self.note(Inverse::RemoveFile(path), run, workflow);
                }
                for path in effect.directories {
                    self.note(Inverse::RemoveDirectory(path), run, workflow);
                }
            }
        }
    }

    /// Notes the paths that an effect changed or removed. A target that is not a path does no harm.
    fn note_paths(&mut self, undoes: Option<&Inverse>, target: String, paths: Vec<String>) {
        match undoes {
            Some(
                Inverse::RemoveFile(path)
                | Inverse::RemoveDirectory(path)
                | Inverse::RemoveTree(path),
            ) => {
                self.made.remove(path);
            }
            Some(Inverse::StopService(_) | Inverse::DisableService(_)) | None => {
                self.made.insert(target);
                self.made.extend(paths);
            }
        }
    }

    /// Notes the inverse of an effect of a run.
    fn note(&mut self, inverse: Inverse, run: u64, workflow: &Arc<str>) {
        if is_allowed(&inverse) {
            self.left.note(inverse, run, workflow);
        }
    }

    /// Forgets the inverse that an effect carried out: it need not be carried out again.
    fn forget(&mut self, inverse: &Inverse, run: u64) {
        let noted = self.left.inverses.remove(inverse);
        for earlier in noted.into_iter().flat_map(|noted| noted.runs) {
            self.undone_by.entry(earlier).or_default().insert(run);
        }
    }
}
