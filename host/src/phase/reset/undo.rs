//! Undoes what earlier runs did to this machine, by the inverses in their journals. This includes
//! things that kubeadm's reset does not know: files of plugins, and certificates in a directory
//! that the configuration does not name any more.
use super::{announce_first, clear, remove_file};
use crate::text::sanitise;
use kubephase_sdk::{
    Effect, Failure, effects, effects_core, effects_node,
    spec::ClearSpec,
    undo::{Inverse, UndoStep},
};

/// The parts of a reset that undo earlier runs, each announced by one line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Services,
    Files,
    Directories,
}

impl Part {
    fn from_inverse(inverse: &Inverse) -> Part {
        match inverse {
            Inverse::StopService(_) | Inverse::DisableService(_) => Part::Services,
            Inverse::RemoveFile(_) => Part::Files,
            Inverse::RemoveDirectory(_) => Part::Directories,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Part::Services => {
                "Stopping and disabling services that earlier runs started or enabled"
            }
            Part::Files => "Deleting files that earlier runs made",
            Part::Directories => {
                "Deleting directories that earlier runs made, where they are empty"
            }
        }
    }
}

/// Steps of one round. The host applies the effects at the end of each round, so that few are in
/// memory, and an interrupted run ends soon.
const STEPS_PER_ROUND: usize = 500;
/// Most rounds of one part: a phase may have a limited number of rounds.
const MAX_ROUNDS: usize = 40;
/// Most paths that the line of a round names.
const SHOWN: usize = 100;

/// Proposes to stop and disable the services that earlier runs started and enabled. Nothing on the
/// machine needed such a service before the first run.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn services(steps: &[UndoStep]) -> Result<(), Failure> {
    undo(Part::Services, steps_of(Part::Services, steps))
}

/// Returns the rounds that remove the files of earlier runs.
pub fn files(steps: &[UndoStep]) -> Rounds<'_> {
    Rounds::new(Part::Files, steps_of(Part::Files, steps))
}

/// Returns the rounds that remove the empty directories of earlier runs, each after the directories
/// in it. The directories in `excluded` stay.
pub fn directories<'s>(steps: &'s [UndoStep], excluded: &[&str]) -> Rounds<'s> {
    let mut steps = steps_of(Part::Directories, steps);
    steps.retain(|step| {
        let path = step.inverse.what();
        // Directories at the top of the tree belong to the system.
        path.matches('/').count() > 1 && !excluded.contains(&path)
    });
    steps.sort_by(|one, other| other.inverse.what().cmp(one.inverse.what()));
    Rounds::new(Part::Directories, steps)
}

/// The steps of a part, a limited number in each round.
pub struct Rounds<'s> {
    part: Part,
    steps: Vec<&'s UndoStep>,
    per_round: usize,
}

impl<'s> Rounds<'s> {
    fn new(part: Part, steps: Vec<&'s UndoStep>) -> Rounds<'s> {
        let per_round = STEPS_PER_ROUND.max(steps.len().div_ceil(MAX_ROUNDS));
        Rounds {
            part,
            steps,
            per_round,
        }
    }

    /// Returns the number of rounds, at least one.
    pub fn number(&self) -> usize {
        self.steps.len().div_ceil(self.per_round).max(1)
    }

    /// Proposes the steps of a round, if it has any.
    ///
    /// # Errors
    /// The host cannot answer a question, or refuses a proposal.
    pub fn undo(&self, round: usize) -> Result<(), Failure> {
        match self.steps.chunks(self.per_round).nth(round) {
            Some(steps) => undo(self.part, steps.to_vec()),
            None => Ok(()),
        }
    }
}

fn steps_of(part: Part, steps: &[UndoStep]) -> Vec<&UndoStep> {
    steps
        .iter()
        .filter(|step| Part::from_inverse(&step.inverse) == part)
        .collect()
}

fn undo(part: Part, steps: Vec<&UndoStep>) -> Result<(), Failure> {
    let line = format!(
        "[reset] {}, by their journals: [{}]",
        part.title(),
        listed(&steps)
    );
    announce_first(steps.into_iter().map(propose_step), &line)
}

fn propose_step(step: &UndoStep) -> Result<Effect, Failure> {
    let effect = propose_inverse(&step.inverse)?;
    effects::because(
        effect,
        &format!("{} made it, by journal {}", step.workflow, step.run),
    )?;
    Ok(effect)
}

/// Returns the first steps as text, and the number of the others.
fn listed(steps: &[&UndoStep]) -> String {
    let shown = steps.iter().take(SHOWN);
    let mut listed: Vec<String> = shown.map(|step| listed_inverse(&step.inverse)).collect();
    if steps.len() > SHOWN {
        listed.push(format!("… and {} more", steps.len() - SHOWN));
    }
    listed.join(" ")
}

/// Returns what an inverse removes or changes, so that it can be told from the next in a list.
fn listed_inverse(inverse: &Inverse) -> String {
    match inverse {
        Inverse::RemoveFile(path) | Inverse::RemoveDirectory(path) => sanitise::listed(path),
        Inverse::StopService(_) | Inverse::DisableService(_) => inverse.to_string(),
    }
}

/// Proposes the effect of an inverse. If it fails, the run prints a warning and continues.
fn propose_inverse(inverse: &Inverse) -> Result<Effect, Failure> {
    match inverse {
        Inverse::RemoveFile(path) => remove_file(path),
        Inverse::RemoveDirectory(path) => {
            let effect = clear(&ClearSpec::EmptyDirectory { path: path.clone() })?;
            let warning = format!(
                "[reset] Failed to remove directory {}: {{}}",
                sanitise::in_quotes(path)
            );
            effects_core::attempt(effect, &warning)?;
            Ok(effect)
        }
        Inverse::StopService(name) => propose_service(name, "stopped"),
        Inverse::DisableService(name) => propose_service(name, "disabled"),
    }
}

fn propose_service(name: &str, state: &str) -> Result<Effect, Failure> {
    let effect = effects_node::ensure_service(name, state)?;
    let warning = format!("[reset] Failed to have service {name:?} {state}: {{}}");
    effects_core::attempt(effect, &warning)?;
    Ok(effect)
}

#[cfg(test)]
mod tests;
