//! The edges of a plan: the phases that each phase waits for.
use super::{
    build::Builder, catalog::CatalogEntry, choice::is_stand_in, graph::Edges, spec::is_within,
};
use std::collections::BTreeSet;

impl<'a> Builder<'a> {
    /// Returns what each phase waits for before any phase is left out. Groups are resolved to their
    /// members.
    pub(super) fn direct_edges(&self) -> Edges<'a> {
        self.names
            .entries
            .iter()
            .filter(|entry| !entry.spec.is_group())
            .map(|entry| (entry.spec.id.as_str(), self.needs_of(entry)))
            .collect()
    }

    fn needs_of(&self, entry: &'a CatalogEntry) -> BTreeSet<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for holder in &self.names.entries {
            if self.inherits(entry, &holder.spec.id) {
                names.extend(holder.spec.needs.iter().map(String::as_str));
            }
        }
        for (before, after) in &self.choice.extra_edges {
            if is_within(&entry.spec.id, after) || is_stand_in(entry, after, self.choice) {
                names.push(before);
            }
        }
        let mut needs = BTreeSet::new();
        for name in names {
            let name = self.names.group_of_all(name).unwrap_or(name);
            for member in self.names.members(name) {
                self.add_need(&mut needs, member);
            }
        }
        needs
    }

    /// Whether a phase has the needs of `holder`: a phase has the needs of its groups, and a
    /// stand-in has those of the phase that it replaces.
    fn inherits(&self, entry: &CatalogEntry, holder: &str) -> bool {
        is_within(&entry.spec.id, holder)
            || entry
                .spec
                .replaces
                .iter()
                .any(|phase| is_stand_in(entry, phase, self.choice) && is_within(phase, holder))
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
