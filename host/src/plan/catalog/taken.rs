//! Looks up which entries of a catalog stand against the id of another phase.
use super::{CatalogEntry, Conflict, Refusal};
use crate::plan::{
    groups::{values_below, with_groups},
    provided::PluginPhase,
    spec::WorkflowId,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Workflows whose phases a plugin cannot replace: they renew or remove what the program made, and
/// the program tells the operator that it did so.
const FIXED_WORKFLOWS: [&str; 2] = ["certs-renew", "reset"];

/// The names of a catalog's entries.
pub(super) struct TakenNames<'a> {
    entries: &'a [CatalogEntry],
    /// places of the entries by each of their names
    by_name: HashMap<String, Vec<usize>>,
    /// places of the entries by their ids, so that those below an id are neighbours
    by_id: BTreeMap<&'a str, Vec<usize>>,
    /// in the catalog's order
    workflows: Vec<WorkflowId>,
}

impl<'a> TakenNames<'a> {
    pub fn new(entries: &'a [CatalogEntry]) -> Self {
        let (mut by_name, mut by_id) = (
            HashMap::<_, Vec<usize>>::new(),
            BTreeMap::<_, Vec<_>>::new(),
        );
        let mut workflows: Vec<WorkflowId> = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            for name in entry.names() {
                by_name.entry(name).or_default().push(place);
            }
            by_id.entry(&*entry.spec.id).or_default().push(place);
            if !workflows.contains(&entry.workflow) {
                workflows.push(entry.workflow.clone());
            }
        }
        TakenNames {
            entries,
            by_name,
            by_id,
            workflows,
        }
    }

    /// Returns why a plugin's phase cannot be part of the catalog; `None` if it can.
    pub fn refusal(&self, phase: &PluginPhase) -> Option<Refusal> {
        let mut workflows = phase.workflows.iter();
        if let Some(unknown) = workflows.find(|workflow| !self.workflows.contains(workflow)) {
            return Some(Refusal::UnknownWorkflow {
                unknown: unknown.clone(),
                known: self.workflows.clone(),
            });
        }
        if let Some(refusal) = self.forbidden_stand_in(phase) {
            return Some(refusal);
        }
        let candidates = self.candidates(&phase.spec.id).into_iter();
        let conflicts = candidates.filter_map(|place| {
            let entry = &self.entries[place];
            Some((entry, entry.conflict(&phase.spec)?))
        });
        // If there are several conflicts, an equal id is the clearest to report.
        let (entry, conflict) =
            conflicts.min_by_key(|(_, conflict)| *conflict != Conflict::Same)?;
        Some(Refusal::Taken {
            by: entry.describe(),
            conflict,
        })
    }

    /// Returns why a phase cannot replace the phases that it names; `None` if it can.
    fn forbidden_stand_in(&self, phase: &PluginPhase) -> Option<Refusal> {
        let fixed = phase.workflows.iter();
        let mut fixed = fixed.filter(|workflow| FIXED_WORKFLOWS.contains(&workflow.as_str()));
        fixed.find_map(|workflow| {
            let has = |name: &&String| {
                let mut places = self.by_name.get(*name).into_iter().flatten();
                places.any(|place| self.entries[*place].workflow == *workflow)
            };
            let phase = phase.spec.replaces.iter().find(has)?.clone();
            let workflow = workflow.clone();
            Some(Refusal::StandIn { workflow, phase })
        })
    }

    /// Returns the places of the entries that an id may conflict with: the entries of this name,
    /// the groups that it would be within, and the first entry below it.
    fn candidates(&self, id: &str) -> BTreeSet<usize> {
        let of_names = with_groups(id).filter_map(|name| self.by_name.get(name));
        let mut places: BTreeSet<usize> = of_names.flatten().copied().collect();
        places.extend(values_below(&self.by_id, id).flatten().min());
        places
    }
}
