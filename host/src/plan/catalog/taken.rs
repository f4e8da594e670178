//! Looks up which entries of a catalog stand against the id of another phase.
use super::{CatalogEntry, Conflict, Refusal};
use crate::plan::{
    groups::{values_below, with_groups},
    provided::PluginPhase,
    spec::{PhaseSource, WorkflowId},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

/// Workflows whose phases a plugin cannot replace: they renew or remove what the program made, and
/// the program tells the operator that it did so.
const FIXED_WORKFLOWS: [&str; 2] = ["certs-renew", "reset"];

/// Words that have a meaning of their own among the commands of single phases.
const COMMAND_WORDS: [&str; 2] = ["all", "help"];

/// The names of a catalog's entries, and of the phases of plugins that are to be added.
pub(super) struct TakenNames<'a> {
    entries: Vec<Cow<'a, CatalogEntry>>,
    /// places of the entries by each of their names
    by_name: HashMap<String, Vec<usize>>,
    /// places of the entries by their ids, so that those below an id are neighbours
    by_id: BTreeMap<&'a str, Vec<usize>>,
    /// in the catalog's order
    workflows: Vec<WorkflowId>,
}

impl<'a> TakenNames<'a> {
    pub fn new(entries: &'a [CatalogEntry]) -> Self {
        let mut names = TakenNames {
            entries: Vec::with_capacity(entries.len()),
            by_name: HashMap::new(),
            by_id: BTreeMap::new(),
            workflows: Vec::new(),
        };
        for entry in entries {
            if !names.workflows.contains(&entry.workflow) {
                names.workflows.push(entry.workflow.clone());
            }
            names.add(&entry.spec.id, Cow::Borrowed(entry));
        }
        names
    }

    /// Adds the phases of a plugin, so that those of later plugins are compared with them too.
    pub fn add_plugin(&mut self, source: &PhaseSource, phases: &'a [PluginPhase]) {
        for PluginPhase { spec, workflows } in phases {
            for workflow in workflows {
                let entry = CatalogEntry {
                    workflow: workflow.clone(),
                    spec: spec.clone(),
                    source: source.clone(),
                };
                self.add(&spec.id, Cow::Owned(entry));
            }
        }
    }

    fn add(&mut self, id: &'a str, entry: Cow<'a, CatalogEntry>) {
        let place = self.entries.len();
        for name in entry.names() {
            self.by_name.entry(name).or_default().push(place);
        }
        self.by_id.entry(id).or_default().push(place);
        self.entries.push(entry);
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
        let mut words = COMMAND_WORDS.into_iter();
        if let Some(word) = words.find(|word| phase.spec.id == *word) {
            return Some(Refusal::CommandWord(word));
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
