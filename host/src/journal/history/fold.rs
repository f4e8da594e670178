//! Collects, event by event, what the journals say about the node.
use super::system::is_allowed;
use crate::{
    effect::{Applied, Footprint, Undo},
    event::{EffectResult, EventKind},
};
use kubephase_sdk::undo::{Inverse, UndoStep};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// The state while the journals are read, one after the other. Reading takes time in proportion to
/// the journals.
#[derive(Default)]
pub struct Fold {
    pub made: BTreeSet<String>,
    /// the paths that the run of the current journal is about to make
    pub intended: BTreeSet<String>,
    /// what undoes the effects of the runs so far
    pub left: Left,
    /// for each inverse, the runs whose journals name it
    noted: BTreeMap<Inverse, BTreeSet<u64>>,
    /// for each run, the later runs that undid things which it made: if the journal of a later run
    /// went first, the earlier journal would wrongly say that the things are still there
    pub undone_by: BTreeMap<u64, BTreeSet<u64>>,
}

/// What undoes the effects of the runs so far. Each inverse was noted at a moment.
#[derive(Default)]
pub struct Left {
    moments: usize,
    steps: BTreeMap<Inverse, (usize, UndoStep)>,
}

impl Left {
    /// Notes the inverse of an effect. If it is known already, the latest effect counts.
    fn note(&mut self, step: UndoStep) {
        self.moments += 1;
        self.steps
            .insert(step.inverse.clone(), (self.moments, step));
    }

    /// All inverses, the latest first.
    pub fn latest_first(self) -> Vec<UndoStep> {
        let mut steps: Vec<(usize, UndoStep)> = self.steps.into_values().collect();
        steps.sort_unstable_by_key(|(moment, _)| Reverse(*moment));
        steps.into_iter().map(|(_, step)| step).collect()
    }
}

/// An effect that a line of a journal records.
struct RecordedEffect {
    target: String,
    result: EffectResult,
    made: Vec<String>,
    directories: Vec<String>,
    footprint: Footprint,
}

impl Fold {
    /// Notes what an event says about the node.
    pub fn note_event(&mut self, what: EventKind, run: u64, workflow: &mut String) {
        match what {
            EventKind::RunStarted { workflow: name, .. } => *workflow = name,
            EventKind::Intended { targets, .. } => self.intended.extend(targets),
            EventKind::RunEnded { .. } => self.intended.clear(),
            EventKind::Effect {
                effect,
                result,
                made,
                directories,
                footprint,
                ..
            } => {
                let effect = RecordedEffect {
                    target: effect.target,
                    result,
                    made,
                    directories,
                    footprint: footprint.unwrap_or_default(),
                };
                self.note_effect(effect, run, workflow);
            }
            _ => {}
        }
    }

    fn note_effect(&mut self, effect: RecordedEffect, run: u64, workflow: &str) {
        let Footprint {
            paths,
            undo,
            undoes,
        } = effect.footprint;
        self.intended.remove(&effect.target);
        self.made
            .extend(effect.made.iter().chain(&effect.directories).cloned());
        let has_changed = effect.result == EffectResult::Applied(Applied::Changed);
        let holds = has_changed || effect.result == EffectResult::Applied(Applied::Unchanged);
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
            Some(Inverse::RemoveFile(path) | Inverse::RemoveDirectory(path)) => {
                self.made.remove(path);
            }
            Some(Inverse::StopService(_) | Inverse::DisableService(_)) | None => {
                self.made.insert(target);
                self.made.extend(paths);
            }
        }
    }

    /// Notes what undoes an effect of a run.
    fn note(&mut self, inverse: Inverse, run: u64, workflow: &str) {
        if !is_allowed(&inverse) {
            return;
        }
        let runs = self.noted.entry(inverse.clone()).or_default();
        runs.insert(run);
        self.left.note(UndoStep {
            inverse,
            run,
            workflow: workflow.to_owned(),
        });
    }

    /// Forgets what an effect undid: it does not have to be undone again.
    fn forget(&mut self, inverse: &Inverse, run: u64) {
        self.left.steps.remove(inverse);
        for earlier in self.noted.remove(inverse).into_iter().flatten() {
            self.undone_by.entry(earlier).or_default().insert(run);
        }
    }
}
