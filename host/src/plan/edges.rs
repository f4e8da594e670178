//! The edges of a plan: the phases that each phase waits for.
use super::{
    build::Builder,
    catalog::CatalogEntry,
    choice::is_stand_in,
    graph::Edges,
    groups::{values_below, with_groups},
};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Builder<'a> {
    /// Returns what each phase waits for before any phase is left out. Groups are resolved to their
    /// members.
    pub(super) fn direct_edges(&self) -> Edges<'a> {
        let extra = ExtraNeeds::new(&self.choice.extra_edges);
        self.names
            .entries
            .iter()
            .filter(|entry| !entry.spec.is_group())
            .map(|entry| (entry.spec.id.as_str(), self.needs_of(entry, &extra)))
            .collect()
    }

    fn needs_of(&self, entry: &'a CatalogEntry, extra: &ExtraNeeds<'a>) -> BTreeSet<&'a str> {
        let replaced = entry.spec.replaces.iter();
        let replaced: Vec<&str> = replaced
            .filter(|phase| is_stand_in(entry, phase, self.choice))
            .map(String::as_str)
            .collect();
        // A phase has the needs of its groups, and a stand-in those of the phase that it replaces.
        let holders: BTreeSet<&str> = std::iter::once(entry.spec.id.as_str())
            .chain(replaced.iter().copied())
            .flat_map(with_groups)
            .collect();
        let of_holders = holders.iter().filter_map(|id| self.names.entry(id));
        let of_holders = of_holders.flat_map(|holder| holder.spec.needs.iter());
        let names = of_holders
            .map(String::as_str)
            .chain(with_groups(&entry.spec.id).flat_map(|id| extra.after(id)))
            .chain(replaced.iter().flat_map(|id| extra.within(id)));
        let mut needs = BTreeSet::new();
        for name in names {
            let name = self.names.group_named_by_all(name).unwrap_or(name);
            for member in self.names.members(name) {
                self.add_need(&mut needs, member);
            }
        }
        needs
    }

    /// Adds a phase, or its stand-ins instead: a stand-in has the needs of the phase that it
    /// replaces.
    fn add_need(&self, needs: &mut BTreeSet<&'a str>, need: &'a CatalogEntry) {
        let mut has_stand_in = false;
        for stand_in in self.stand_ins(&need.spec.id) {
            has_stand_in = true;
            needs.insert(&stand_in.spec.id);
        }
        if !has_stand_in {
            needs.insert(&need.spec.id);
        }
    }
}

/// The operator's further edges, by the phase or group that waits.
struct ExtraNeeds<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> ExtraNeeds<'a> {
    fn new(edges: &'a [(String, String)]) -> Self {
        let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (before, after) in edges {
            needs.entry(after).or_default().push(before);
        }
        ExtraNeeds(needs)
    }

    /// Returns what a phase or group waits for.
    fn after(&self, id: &str) -> impl Iterator<Item = &'a str> {
        self.0.get(id).into_iter().flatten().copied()
    }

    /// Returns what a phase or group, and those below it, wait for.
    fn within(&self, id: &str) -> impl Iterator<Item = &'a str> {
        self.after(id)
            .chain(values_below(&self.0, id).flatten().copied())
    }
}
