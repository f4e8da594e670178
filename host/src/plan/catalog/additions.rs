//! Puts the phases of plugins into the lists of their groups.
use super::CatalogEntry;
use crate::plan::{
    groups::with_groups,
    provided::PluginPhase,
    spec::{PhaseSource, PhaseSpec, WorkflowId},
};
use std::collections::HashMap;

/// A workflow, and a phase or group of it that is in no other group.
type Top<'a> = (&'a WorkflowId, &'a str);

/// A phase that is to be added, and the plugin that provides it.
#[derive(Clone, Copy)]
struct Addition<'a> {
    source: &'a PhaseSource,
    spec: &'a PhaseSpec,
}

/// The phases that plugins add.
pub(super) struct Additions<'a> {
    /// the phases of each group, in the order of the plugins and their manifests
    by_group: HashMap<Top<'a>, Vec<Addition<'a>>>,
    /// the groups, in the same order
    groups: Vec<Top<'a>>,
}

impl<'a> Additions<'a> {
    pub fn new(plugins: &'a [(PhaseSource, &'a [PluginPhase])]) -> Self {
        let (mut by_group, mut groups) = (HashMap::<_, Vec<_>>::new(), Vec::new());
        for (source, phases) in plugins {
            for PluginPhase { spec, workflows } in *phases {
                for workflow in workflows {
                    let top = (workflow, top_of(&spec.id));
                    let members = by_group.entry(top).or_default();
                    if members.is_empty() {
                        groups.push(top);
                    }
                    members.push(Addition { source, spec });
                }
            }
        }
        Additions { by_group, groups }
    }

    /// Inserts the phases, each after the last entry of its group; those of a new group at the end.
    pub fn insert_into(&self, entries: &mut Vec<CatalogEntry>) {
        let mut inserted: HashMap<usize, Vec<CatalogEntry>> = HashMap::new();
        let mut at_end = Vec::new();
        let known = KnownGroups::new(entries);
        for top in &self.groups {
            let members = self.by_group[top].iter();
            let members = members.map(|added| added.entry(top.0, known.holders.get(top)));
            match known.last_places.get(top) {
                Some(place) => inserted.entry(*place).or_default().extend(members),
                None => at_end.extend(members),
            }
        }
        for (place, entry) in std::mem::take(entries).into_iter().enumerate() {
            entries.push(entry);
            entries.extend(inserted.remove(&place).into_iter().flatten());
        }
        entries.extend(at_end);
        self.add_needs(entries);
    }

    /// Makes other phases and groups wait for the phases that are to be before them.
    fn add_needs(&self, entries: &mut [CatalogEntry]) {
        let mut waiting: HashMap<Top, Vec<&str>> = HashMap::new();
        for top in &self.groups {
            for Addition { spec, .. } in &self.by_group[top] {
                for later in &spec.before {
                    waiting
                        .entry((top.0, later.as_str()))
                        .or_default()
                        .push(&spec.id);
                }
            }
        }
        for CatalogEntry { workflow, spec, .. } in entries {
            let needs = waiting.get(&(&*workflow, spec.id.as_str()));
            let needs = needs.into_iter().flatten().map(ToString::to_string);
            spec.needs.extend(needs);
        }
    }
}

impl Addition<'_> {
    /// Returns the entry of a workflow for the phase, with the flags that its group gives it.
    fn entry(&self, workflow: &WorkflowId, group: Option<&&PhaseSpec>) -> CatalogEntry {
        let Addition { source, spec } = self;
        let flags = group.map(|group| group.member_flags.get(&spec.id).unwrap_or(&group.flags));
        CatalogEntry {
            workflow: workflow.clone(),
            spec: PhaseSpec::clone(spec).with_flags(flags.cloned().unwrap_or_default()),
            source: PhaseSource::clone(source),
        }
    }
}

/// The groups that a catalog has before phases are added.
struct KnownGroups<'a> {
    holders: HashMap<Top<'a>, &'a PhaseSpec>,
    /// the place of the last entry of each
    last_places: HashMap<Top<'a>, usize>,
}

impl<'a> KnownGroups<'a> {
    fn new(entries: &'a [CatalogEntry]) -> Self {
        let (mut holders, mut last_places) = (HashMap::new(), HashMap::new());
        for (place, CatalogEntry { workflow, spec, .. }) in entries.iter().enumerate() {
            let top = (workflow, top_of(&spec.id));
            if top.1 == spec.id {
                holders.entry(top).or_insert(spec);
            }
            last_places.insert(top, place);
        }
        KnownGroups {
            holders,
            last_places,
        }
    }
}

/// Returns the outermost group of a phase, or the phase if it is in none.
fn top_of(id: &str) -> &str {
    with_groups(id).next().unwrap_or(id)
}
