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
use std::cmp::Reverse;

/// The parts of a reset that undo earlier runs, in their order. Each is announced by one line in a
/// round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Services,
    Files,
    Directories,
}

impl Part {
    fn from_inverse(inverse: &Inverse) -> Part {
        match inverse {
            Inverse::StopService(_) | Inverse::DisableService(_) => Part::Services,
            Inverse::RemoveFile(_) | Inverse::RemoveTree(_) => Part::Files,
            Inverse::RemoveDirectory(_) => Part::Directories,
        }
    }

    /// Returns the words for the line that announces the part.
    fn words(self) -> PartWords {
        let (does, would) = match self {
            Part::Services => ("Stopping and disabling", "Would stop and disable"),
            Part::Files | Part::Directories => ("Deleting", "Would delete"),
        };
        let what = match self {
            Part::Services => "services that earlier runs started or enabled",
            Part::Files => "files that earlier runs made",
            Part::Directories => "directories that earlier runs made, where they are empty",
        };
        PartWords { does, would, what }
    }
}

/// The words for the line that announces a part.
struct PartWords {
    does: &'static str,
    /// what a dry run says instead
    would: &'static str,
    what: &'static str,
}

/// The largest number of steps of one round. The host applies the effects at the end of each round,
/// so that few are in memory, and an interrupted run ends soon.
const STEPS_PER_ROUND: usize = 500;
/// Largest number of rounds: the host limits the rounds of a phase.
const MAX_ROUNDS: usize = 80;
/// Largest number of paths that the line of a round names.
const SHOWN: usize = 100;
/// The JSON pointer to the steps of a round in the configuration, without the number of the round.
const POINTER: &str = "/reset/undo/";

/// Puts the steps that undo earlier runs in their order: services, files, and directories, each
/// after the directories in it. Returns the steps of each round as JSON text, which takes a tenth
/// of the memory that they take as JSON values.
pub fn plan_undo_rounds(mut steps: Vec<UndoStep>) -> Vec<String> {
    // Directories at the top of the tree belong to the system.
    steps.retain(|step| {
        let is_directory = Part::from_inverse(&step.inverse) == Part::Directories;
        !is_directory || step.inverse.target().matches('/').count() > 1
    });
    steps.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
    let per_round = STEPS_PER_ROUND.max(steps.len().div_ceil(MAX_ROUNDS));
    steps.chunks(per_round).map(kubephase_sdk::json).collect()
}

/// Returns the sort key of a step: its part, and the path of a directory.
fn sort_key(step: &UndoStep) -> (Part, Option<Reverse<&str>>) {
    let part = Part::from_inverse(&step.inverse);
    let deepest_first = || Reverse(step.inverse.target());
    (part, (part == Part::Directories).then(deepest_first))
}

/// Returns the number of the round whose steps a JSON pointer names; `None` if it names another
/// part of the configuration.
pub fn parse_round_pointer(pointer: &str) -> Option<usize> {
    pointer.strip_prefix(POINTER)?.parse().ok()
}

/// Asks the host for the steps of a round.
///
/// # Errors
/// The host cannot answer the question.
pub fn steps_of_round(round: usize) -> Result<Vec<UndoStep>, Failure> {
    kubephase_sdk::config(&format!("{POINTER}{round}"))
}

/// Proposes to stop and disable the services that earlier runs started and enabled. Before these
/// runs, the service was stopped or disabled, so nothing else on the machine needs it.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn propose_services(steps: &[UndoStep]) -> Result<(), Failure> {
    undo(Part::Services, &steps_of(Part::Services, steps))
}

/// Proposes to remove the files of earlier runs.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn propose_files(steps: &[UndoStep]) -> Result<(), Failure> {
    undo(Part::Files, &steps_of(Part::Files, steps))
}

/// Proposes to remove the empty directories of earlier runs. The directories in `excluded` stay.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn propose_directories(steps: &[UndoStep], excluded: &[&str]) -> Result<(), Failure> {
    let mut steps = steps_of(Part::Directories, steps);
    steps.retain(|step| !excluded.contains(&step.inverse.target()));
    undo(Part::Directories, &steps)
}

fn steps_of(part: Part, steps: &[UndoStep]) -> Vec<&UndoStep> {
    steps
        .iter()
        .filter(|step| Part::from_inverse(&step.inverse) == part)
        .collect()
}

fn undo(part: Part, steps: &[&UndoStep]) -> Result<(), Failure> {
    let PartWords { does, would, what } = part.words();
    let what = format!(
        "{what}, according to their journals: [{}]",
        list_steps(steps)
    );
    announce_first(
        steps.iter().map(|step| propose_step(step)),
        &format!("[reset] {does} {what}"),
        &format!("{would} {what}"),
    )
}

fn propose_step(step: &UndoStep) -> Result<Effect, Failure> {
    let effect = propose_inverse(&step.inverse)?;
    effects::because(
        effect,
        &format!(
            "{} did this, according to journal {}",
            step.workflow, step.run
        ),
    )?;
    Ok(effect)
}

/// Returns the first steps as text, and the number of the others.
fn list_steps(steps: &[&UndoStep]) -> String {
    let shown = steps.iter().take(SHOWN);
    let mut listed: Vec<String> = shown.map(|step| describe_in_list(&step.inverse)).collect();
    if steps.len() > SHOWN {
        listed.push(format!("… and {} more", steps.len() - SHOWN));
    }
    listed.join(" ")
}

/// Returns the thing that an inverse removes or changes, for a list in which a reader sees where
/// each entry ends.
fn describe_in_list(inverse: &Inverse) -> String {
    match inverse {
        Inverse::RemoveFile(path) | Inverse::RemoveDirectory(path) | Inverse::RemoveTree(path) => {
            sanitise::list_item(path)
        }
        Inverse::StopService(_) | Inverse::DisableService(_) => inverse.to_string(),
    }
}

/// Proposes the effect of an inverse. If it fails, the run prints a warning and continues.
fn propose_inverse(inverse: &Inverse) -> Result<Effect, Failure> {
    match inverse {
        Inverse::RemoveFile(path) => remove_file(path),
        Inverse::RemoveDirectory(path) => {
            remove_directory(path, &ClearSpec::EmptyDirectory { path: path.clone() })
        }
        Inverse::RemoveTree(path) => {
            remove_directory(path, &ClearSpec::Tree { path: path.clone() })
        }
        Inverse::StopService(name) => propose_service(name, "stopped"),
        Inverse::DisableService(name) => propose_service(name, "disabled"),
    }
}

fn remove_directory(path: &str, spec: &ClearSpec) -> Result<Effect, Failure> {
    let effect = clear(spec)?;
    let warning = format!(
        "[reset] Failed to remove directory {}: {{}}",
        sanitise::quote(path)
    );
    effects_core::attempt(effect, &warning)?;
    Ok(effect)
}

fn propose_service(name: &str, state: &str) -> Result<Effect, Failure> {
    let effect = effects_node::ensure_service(name, state)?;
    let warning =
        format!("[reset] Failed to bring service {name:?} into the state {state:?}: {{}}");
    effects_core::attempt(effect, &warning)?;
    Ok(effect)
}

#[cfg(test)]
mod tests;
