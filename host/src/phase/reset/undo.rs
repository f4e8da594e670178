//! What earlier runs did to this machine is undone by the inverses in their journals, also what
//! kubeadm's reset does not know of: files of plugins, and certificates in a directory that nobody
//! names any more.
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
    fn of(inverse: &Inverse) -> Part {
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

/// Steps of one round. Every round ends with its effects being carried out, so that no round has
/// many in memory, and a run that is interrupted ends soon.
const STEPS: usize = 500;
/// Rounds for one part, however many steps it has: a phase has a limited number of rounds.
const MAX_ROUNDS: usize = 40;
/// Paths that the line of a round names.
const SHOWN: usize = 100;

/// A service that no run needed before is needed by nothing that was there then.
pub fn services(steps: &[UndoStep]) -> Result<(), Failure> {
    undo(Part::Services, steps_of(Part::Services, steps))
}

pub fn files(steps: &[UndoStep]) -> Rounds<'_> {
    Rounds::of(Part::Files, steps_of(Part::Files, steps))
}

/// Those that hold nothing any more, a directory after what was in it. The `kept` ones stay.
pub fn directories<'s>(steps: &'s [UndoStep], kept: &[&str]) -> Rounds<'s> {
    let mut steps = steps_of(Part::Directories, steps);
    steps.retain(|step| {
        let path = step.inverse.what();
        // Directories at the top of the tree are everybody's.
        path.matches('/').count() > 1 && !kept.contains(&path)
    });
    steps.sort_by(|one, other| other.inverse.what().cmp(one.inverse.what()));
    Rounds::of(Part::Directories, steps)
}

/// The steps of a part, a limited number in each round.
pub struct Rounds<'s> {
    part: Part,
    steps: Vec<&'s UndoStep>,
    per_round: usize,
}

impl<'s> Rounds<'s> {
    fn of(part: Part, steps: Vec<&'s UndoStep>) -> Rounds<'s> {
        let per_round = STEPS.max(steps.len().div_ceil(MAX_ROUNDS));
        Rounds {
            part,
            steps,
            per_round,
        }
    }

    /// The number of rounds that it takes, at least one.
    pub fn number(&self) -> usize {
        self.steps.len().div_ceil(self.per_round).max(1)
    }

    /// Proposes the steps of a round, if it has any.
    pub fn undo(&self, round: usize) -> Result<(), Failure> {
        match self.steps.chunks(self.per_round).nth(round) {
            Some(steps) => undo(self.part, steps.to_vec()),
            None => Ok(()),
        }
    }
}

fn steps_of(part: Part, steps: &[UndoStep]) -> Vec<&UndoStep> {
    let is_of_part = |step: &&UndoStep| Part::of(&step.inverse) == part;
    steps.iter().filter(is_of_part).collect()
}

fn undo(part: Part, steps: Vec<&UndoStep>) -> Result<(), Failure> {
    let line = format!(
        "[reset] {}, by their journals: [{}]",
        part.title(),
        listed(&steps)
    );
    let propose_step = |step: &UndoStep| {
        let effect = propose(&step.inverse)?;
        effects::because(
            effect,
            &format!("{} made it, by journal {}", step.workflow, step.run),
        )?;
        Ok(effect)
    };
    announce_first(steps.into_iter().map(propose_step), &line)
}

/// The first of the steps, and how many there are besides.
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

/// Proposes the effect that an inverse is. A failure is a warning, and the rest goes on.
fn propose(inverse: &Inverse) -> Result<Effect, Failure> {
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
        Inverse::StopService(name) => service(name, "stopped"),
        Inverse::DisableService(name) => service(name, "disabled"),
    }
}

fn service(name: &str, state: &str) -> Result<Effect, Failure> {
    let effect = effects_node::ensure_service(name, state)?;
    let warning = format!("[reset] Failed to have service {name:?} {state}: {{}}");
    effects_core::attempt(effect, &warning)?;
    Ok(effect)
}

#[cfg(test)]
mod tests;
